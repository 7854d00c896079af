//! Reading accounts and sessions.

use async_trait::async_trait;
use greenroom_domain::account::{
    CreatorStatus, Login, Role, Session, SessionId, Sessions, Subject, User, Username, Users,
};
use greenroom_domain::shared::clock::Timestamp;
use greenroom_domain::shared::id::UserId;
use greenroom_domain::shared::page::{Page, PageRequest, UnknownCursor};
use greenroom_domain::shared::store::{StoreError, Stored};

use crate::page::{Key, page};
use crate::store::{InMemoryStore, State};

#[async_trait]
impl Users for InMemoryStore {
    async fn get(&self, id: UserId) -> Result<Option<Stored<User>>, StoreError> {
        Ok(self.state().users.get(&id).cloned())
    }

    async fn get_many(&self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        let state = self.state();
        let found = ids.iter().filter_map(|id| state.users.get(id));
        Ok(found.map(|user| user.value.clone()).collect())
    }

    async fn by_username(&self, username: &Username) -> Result<Option<Stored<User>>, StoreError> {
        Ok(self.state().find_user(|user| user.username == *username))
    }

    async fn by_subject(&self, subject: &Subject) -> Result<Option<Stored<User>>, StoreError> {
        Ok(self
            .state()
            .find_user(|user| matches!(&user.login, Login::Host(known) if known == subject)))
    }

    async fn list(
        &self,
        creator: Option<CreatorStatus>,
        request: &PageRequest,
    ) -> Result<Result<Page<User>, UnknownCursor>, StoreError> {
        let state = self.state();
        let users = state.users.values().map(|user| &user.value);
        let wanted = users.filter(|user| creator.is_none_or(|status| user.creator == status));
        Ok(page(
            "users",
            request,
            wanted.map(|user| (user.id, user.clone())),
        ))
    }

    async fn has_administrator(&self) -> Result<bool, StoreError> {
        Ok(self
            .state()
            .find_user(|user| user.role == Role::Admin)
            .is_some())
    }
}

#[async_trait]
impl Sessions for InMemoryStore {
    async fn get(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.state().sessions.get(&id).cloned())
    }

    async fn expired(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError> {
        let state = self.state();
        let expired = state.sessions.values().filter(|s| !s.is_valid(now));
        Ok(expired.map(|session| session.id).take(limit).collect())
    }

    async fn of_user(&self, user: UserId) -> Result<Vec<SessionId>, StoreError> {
        let state = self.state();
        let theirs = state.sessions.values().filter(|s| s.user == user);
        Ok(theirs.map(|session| session.id).collect())
    }
}

impl State {
    fn find_user(&self, is_it: impl Fn(&User) -> bool) -> Option<Stored<User>> {
        self.users.values().find(|user| is_it(&user.value)).cloned()
    }
}

impl Key for UserId {
    fn to_text(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}
