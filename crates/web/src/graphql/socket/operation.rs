//! One operation of a client: a query, a mutation, or a subscription up to where it listens.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::{DocumentOperations, OperationType, Selection};
use async_graphql::{Executor, Name, Request, Response, Value};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use greenroom_app::Refusal;
use greenroom_app::channel::view;
use greenroom_app::chat::configure;
use greenroom_app::realtime::{JoinRoom, Listener, Start, Subscription, join_room};
use greenroom_domain::access::{Action, Standing, Tie, require};
use greenroom_domain::channel::Channel;
use greenroom_domain::shared::actor::Identity;
use http::StatusCode;
use serde_json::value::RawValue;

use super::Sockets;
use super::group::Key;
use super::listener::{Ending, RoomListener, Target};
use super::mailbox::{Class, Mailbox, Parcel};
use super::message::Outgoing;
use crate::context::Context;
use crate::graphql::error::{finish, whole};
use crate::graphql::http::written;
use crate::graphql::limits::Limits;
use crate::graphql::prepared;
use crate::graphql::room::{Event, Seat, Topic, Wanted};
use crate::graphql::together::together;
use crate::problem::Problem;
use crate::websocket::frame;

/// An operation, and where its answers go.
pub(super) struct Operation {
    pub(super) id: Box<str>,
    pub(super) asking: Context,
    pub(super) mailbox: Arc<Mailbox>,
}

/// What an operation asks for, as far as the socket has to know.
struct Asked {
    is_subscription: bool,
    query: Box<str>,
    operation_name: Option<Box<str>>,
    /// As JSON, without what says where to go on from.
    variables: Box<str>,
}

impl Operation {
    /// Answers until there is no more to answer; or, for a subscription to a room, until it
    /// listens.
    pub(super) async fn run<E: Executor>(
        self,
        sockets: Arc<Sockets<E>>,
        mut request: Request,
    ) -> Option<Subscription> {
        let asked = match Limits::default().admit(&mut request) {
            Ok(()) => Asked::of(&mut request),
            Err(error) => {
                self.answer(&mut Response::from_errors(vec![error]));
                return None;
            }
        };
        let seat = Seat::default();
        let request = prepared(request, self.asking.clone()).data(seat.clone());
        let mut answers = sockets.executor.execute_stream(request, None);
        let first = poll_fn(|cx| match answers.poll_next_unpin(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => match seat.wanted() {
                Some(wanted) => Poll::Ready(Err(wanted)),
                None => Poll::Pending,
            },
        });
        let first = together(first);
        let limit = self.asking.config.request_timeout;
        let first = if asked.is_subscription {
            first.await
        } else {
            match tokio::time::timeout(limit, first).await {
                Ok(first) => first,
                Err(_) => {
                    self.refuse(Problem::took_too_long());
                    return None;
                }
            }
        };
        match first {
            Ok(answer) => {
                self.answer_all(answer, answers).await;
                None
            }
            Err(wanted) => {
                let joined = self.join(&sockets, &wanted, &asked, seat, answers).await;
                joined.unwrap_or_else(|problem| {
                    self.refuse(problem);
                    None
                })
            }
        }
    }

    /// Answers as fast as the client takes it.
    async fn answer_all(&self, first: Option<Response>, mut answers: BoxStream<'static, Response>) {
        let mut next = first;
        while let Some(mut answer) = next {
            if !self.answer(&mut answer) || !self.mailbox.ready().await {
                return;
            }
            next = answers.next().await;
        }
        self.mailbox.send(&Outgoing::Complete { id: &self.id });
    }

    /// Whether there may be more.
    fn answer(&self, answer: &mut Response) -> bool {
        finish(answer);
        let is_error = answer.data == Value::Null && !answer.errors.is_empty();
        let id = &*self.id;
        if is_error {
            let payload = raw(&answer.errors);
            self.mailbox.send(&Outgoing::Error {
                id,
                payload: &payload,
            });
        } else if let Ok(text) = String::from_utf8(written(answer))
            && let Ok(payload) = RawValue::from_string(text)
        {
            self.mailbox.send(&Outgoing::Next {
                id,
                payload: &payload,
            });
        }
        !is_error
    }

    fn refuse(&self, problem: Problem) {
        let (id, payload) = (&*self.id, &*errors(problem));
        self.mailbox.send(&Outgoing::Error { id, payload });
    }

    /// Into the room, for whoever may.
    async fn join<E: Executor>(
        &self,
        sockets: &Sockets<E>,
        wanted: &Wanted,
        asked: &Asked,
        seat: Seat,
        answers: BoxStream<'static, Response>,
    ) -> Result<Option<Subscription>, Problem> {
        let (app, actor) = (&self.asking.app, &self.asking.actor);
        let who = actor.identity().ok_or_else(Problem::internal)?;
        let view = view::execute(app, &wanted.handle).await?;
        let channel = &view.channel.value;
        let staff = app.standing(actor, channel).await?.is_staff();
        let group = sockets.groups.of(
            Key {
                room: channel.id,
                topic: wanted.topic,
                staff,
                query: asked.query.clone(),
                operation_name: asked.operation_name.clone(),
                variables: asked.variables.clone(),
            },
            seat,
            answers,
        );
        let target = Arc::new(Target::new(self.id.clone(), group));
        let listener = RoomListener::new(Arc::clone(&target), Arc::clone(&self.mailbox), who);
        let listener = Arc::new(listener);
        let command = JoinRoom {
            channel: channel.id,
            start: wanted.after.map_or(Start::Now, Start::After),
            listener: Arc::clone(&listener) as Arc<dyn Listener>,
        };
        let joined = join_room(app, actor, command).await?;
        // They may have become something else between the asking and the listening.
        if listener.is_over() {
            return Ok(None);
        }
        let standing = self.standing_now(channel, who).await?;
        require(standing, Action::ReadChat).map_err(Refusal::from)?;
        if target.group.shows_otherwise_to(standing.is_staff()) {
            return Err(Ending::RoleChanged(listener.place(joined.from)).into());
        }
        if wanted.topic == Topic::Chat {
            let room = configure::current(app, &channel.handle).await?;
            let rest = target.group.written_once(Event::Joined {
                place: listener.place(joined.from),
                resync: joined.resync,
                settings: room.value.settings,
            });
            let head = frame::text_head(&target.beginning, rest.len());
            let whole = [&head[..], &rest[..]].concat();
            self.mailbox
                .push(Parcel::Frame(whole.into()), Class::Durable);
        }
        Ok(Some(joined.subscription))
    }

    /// What they are to the channel, as the store has it: rules in memory may be late by what is
    /// just being changed.
    async fn standing_now(&self, channel: &Channel, who: Identity) -> Result<Standing, Refusal> {
        let ports = &self.asking.app.ports;
        let restriction = ports.moderation.restriction(channel.id, who).await?;
        let is_banned = restriction.is_some_and(|it| it.kind.is_ban());
        let tie = match who {
            _ if is_banned => Tie::ShutOut,
            Identity::Guest(_) => Tie::None,
            Identity::User(user) if ports.blocks.get(channel.owner, user).await?.is_some() => {
                Tie::ShutOut
            }
            Identity::User(user) => {
                let appointment = ports.moderation.appointment(channel.id, user).await?;
                appointment.map_or(Tie::None, |it| Tie::Appointed(it.role))
            }
        };
        Ok(Standing::of(&self.asking.actor, channel.owner, tie))
    }
}

impl Asked {
    /// Of a request that was admitted.
    fn of(request: &mut Request) -> Self {
        let (is_subscription, resume) = match request.parsed_query() {
            Ok(document) => {
                let mut operations = document.operations.iter();
                let operation = match &document.operations {
                    DocumentOperations::Single(operation) => Some(operation),
                    DocumentOperations::Multiple(_) => operations.find_map(|(_, operation)| {
                        (operation.node.ty == OperationType::Subscription).then_some(operation)
                    }),
                };
                let operation = operation.map(|operation| &operation.node);
                let operation =
                    operation.filter(|operation| operation.ty == OperationType::Subscription);
                let roots = operation.map(|operation| &operation.selection_set.node.items);
                let resume = roots
                    .into_iter()
                    .flatten()
                    .find_map(|root| match &root.node {
                        Selection::Field(field) => {
                            let after = field.node.get_argument("after")?.node.clone();
                            let mut variable = None;
                            let _ = after.into_const_with(|name| {
                                variable = Some(name);
                                Ok::<_, Infallible>(Value::Null)
                            });
                            variable
                        }
                        _ => None,
                    });
                (operation.is_some(), resume)
            }
            Err(_) => (false, None),
        };
        let mut variables = (*request.variables).clone();
        if let Some(name) = resume {
            variables.remove::<Name>(&name);
        }
        let variables = serde_json::to_string(&variables).unwrap_or_default();
        Self {
            is_subscription,
            query: request.query.as_str().into(),
            operation_name: request.operation_name.as_deref().map(Into::into),
            variables: variables.into(),
        }
    }
}

/// A problem as the payload of an error.
pub(super) fn errors(problem: Problem) -> Box<RawValue> {
    let mut answer = Response::from_errors(vec![whole(problem)]);
    finish(&mut answer);
    raw(&answer.errors)
}

/// What is too much for one connection.
pub(super) fn too_many(max: usize) -> Problem {
    let told = "complete another operation first";
    Problem::new(StatusCode::CONFLICT, "TOO_MANY_OPERATIONS", told).with("max", max)
}

fn raw(errors: &impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(errors).unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "errors could not be written"
        );
        RawValue::NULL.to_owned()
    })
}
