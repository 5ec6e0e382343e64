//! The pages in a real browser: what a guest and an owner see, press and type.

mod browser;
mod guest;
mod owner;
