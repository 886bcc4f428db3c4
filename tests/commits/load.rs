//! A request's load, as the package does it.

use edge_session::id::Id;
use edge_session::lifecycle::Operation;
use edge_session::record::{Header, Kind, Standing};

use crate::request::{Doing, Request, Stand, Want};
use crate::world::{Op, Reply, World, parsed};

impl Request {
    pub(crate) fn load(&mut self) -> Option<Want> {
        self.id = self.cookie;
        let Some(id) = self.id else {
            self.stand = Stand::Visitor;
            return None;
        };
        self.doing = Doing::Loading;
        Some(look(id))
    }

    pub(crate) fn loaded(&mut self, reply: &Reply, world: &World) -> Option<Want> {
        let Reply::Record(text) = reply else {
            self.stand = Stand::Absent;
            return None;
        };
        let (header, values) = parsed(text);
        self.header = Some(header);
        self.lineage = world.lineage(header.birth);
        match header.standing(values != b"{}", self.now(world)) {
            Standing::Live => {
                self.stand = Stand::Live;
                self.values = values.to_vec();
                self.read = Some(values.to_vec());
            }
            Standing::Expired => self.stand = Stand::Expired,
            Standing::Dead => {
                self.stand = Stand::Visitor;
                self.id = None;
            }
            Standing::Forwarded => self.stand = Stand::Forwarded,
            Standing::Graced => {
                self.stand = Stand::Forwarded;
                return self.follow(values.to_vec(), header, 0);
            }
        }
        None
    }

    fn follow(&mut self, values: Vec<u8>, header: Header, followed: u32) -> Option<Want> {
        let Kind::Forwarding { target } = header.kind else { return None };
        if followed == 8 {
            return None;
        }
        self.doing = Doing::Following(values, followed + 1);
        Some(look(target))
    }

    pub(crate) fn followed(&mut self, values: Vec<u8>, followed: u32, reply: &Reply, world: &World) -> Option<Want> {
        let Reply::Record(text) = reply else { return None };
        let (header, there) = parsed(text);
        match header.standing(there != b"{}", self.now(world)) {
            Standing::Live => {
                self.values.clone_from(&values);
                self.read = Some(values);
                None
            }
            Standing::Graced | Standing::Forwarded => self.follow(values, header, followed),
            Standing::Expired | Standing::Dead => None,
        }
    }
}

/// A load that leaves the time to live.
fn look(id: Id) -> Want {
    let call = Op { operation: Operation::Load, id, text: Vec::new(), expected: None, seconds_to_live: 0, is_task: false };
    Want::Call(call)
}
