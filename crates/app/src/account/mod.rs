//! Accounts: make one, sign in, become a creator.

pub mod authenticate;
pub mod avatar;
pub mod become_creator;
pub mod change_password;
pub mod list;
pub mod profile;
pub mod register;
pub mod review_creator;
pub mod setup;
pub mod sign_in;
pub mod sign_out;
