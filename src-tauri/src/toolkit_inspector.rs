//! GTK's inspector shows every window of a program and can hide any part of them, the frame over a page too. A person can have it
//! on a key by a setting of their desktop's, which no environment has to say.

use gtk::{
    ffi::{GtkWindow, GtkWindowClass},
    glib::{ffi::gboolean, gobject_ffi::g_type_class_ref, prelude::*, translate::IntoGlib as _},
};

/// For all windows of this program, whatever they are. On the main thread, before there is a window: what is made of GTK's window
/// later takes this over.
#[allow(unsafe_code, reason = "the bindings have no way to this method of a class; why it is sound stands below")]
pub fn refuse() {
    extern "C" fn refused(_: *mut GtkWindow, _: gboolean) -> gboolean {
        tracing::info!("the toolkit's inspector was asked for and refused");
        gtk::glib::ffi::GFALSE
    }
    // SAFETY: GTK is initialised and this is its thread. The class of a type that is never unloaded stays where it is, and it is
    // a GtkWindowClass; the reference is kept for ever.
    unsafe {
        let class = g_type_class_ref(gtk::Window::static_type().into_glib()).cast::<GtkWindowClass>();
        (*class).enable_debugging = Some(refused);
    }
}
