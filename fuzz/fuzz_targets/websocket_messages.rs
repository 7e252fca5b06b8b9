#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| amberglass_fuzz_targets::websocket_messages(data));
