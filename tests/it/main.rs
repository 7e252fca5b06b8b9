//! Stories of the whole product, with the real server over sockets and the real controller.
