//! Who follows whom, and who wants nothing to do with whom.

mod blocks;
mod follows;
mod types;

use async_graphql::MergedObject;

pub use types::{
    Blocked, ChannelViewer, Followed, Follower, Following, Notify, ViewerFollow, ViewerRestriction,
    ViewerRole,
};

/// What is asked of people.
#[derive(MergedObject, Default)]
pub struct SocialQuery(follows::FollowQuery, blocks::BlockQuery);

/// What is done between people.
#[derive(MergedObject, Default)]
pub struct SocialMutation(follows::FollowMutation, blocks::BlockMutation);
