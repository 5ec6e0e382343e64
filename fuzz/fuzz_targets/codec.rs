//! The broker's codec against a fuzzer that watches which branches it takes.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| broker::fuzzing::feed(input));
