//! Messages and what travels in them: the first byte chooses how the rest is read.

use cellucid_wasm::protocol::{
    Bundle, Coding, Endpoint, Event, Identity, Packed, Parts, Peer, Session, Setting, codes, delta_list,
    unpack,
};

/// Who is spoken to: the viewer and token of the golden messages.
const VIEWER: &str = "00ff12ab34cd56ef";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Reads a message, or a part of one.
pub fn message(data: &[u8]) {
    let Some((&which, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let who = || Identity { viewer: VIEWER.into(), token: TOKEN.into() };
    match which % 8 {
        0 => {
            let mut session = Session::new(who(), Peer::Plain, Setting::default());
            for line in text.lines() {
                let _ = session.accept(line);
                while session.due().is_some() {}
            }
        }
        1 => {
            if let Ok(event) = Event::read(&text) {
                let mut session = Session::new(who(), Peer::Relay { limit: 1 << 12 }, Setting::default());
                let _ = session.announce(&event);
                while session.rest().is_some() {}
            }
        }
        2 => {
            let mut endpoint = Endpoint::default();
            endpoint.admit(VIEWER, TOKEN, false);
            let _ = endpoint.receive(rest);
        }
        3 => {
            if let Ok(bundle) = Bundle::read(rest) {
                let _ = bundle.write();
            }
        }
        4 => {
            let mut parts = Parts::default();
            for line in text.lines() {
                let _ = parts.take(line);
            }
        }
        5 => {
            let _ = delta_list(rest);
        }
        6 => {
            let _ = codes(rest, 1 << 16);
        }
        _ => {
            let coding = [Coding::Bits, Coding::Ranges][usize::from(which / 8 % 2)];
            let count = u32::from(which) << (which % 16);
            let _ = unpack(&Packed { coding, from: which.into(), count, data: rest.to_vec() }, 1 << 16);
        }
    }
}
