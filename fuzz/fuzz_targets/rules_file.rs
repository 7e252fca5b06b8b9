#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| amberglass_fuzz_targets::rules_file(data));
