//! Servers and what they show. What ours must do stands with each, and why.

use rcgen::KeyUsagePurpose::{DigitalSignature, KeyCertSign, KeyEncipherment};
use tls::Doubt::{Expired, NotYetValid, Other, UnknownIssuer, WrongName, WrongUsage};

use super::Case;
use super::Judge::{Curl, Openssl};
use super::issue::{Server, below, issuer, root, server, stranger};
use crate::paper::Authority;

const SHOP: &str = "www.shop.test";
const BANK: &str = "www.bank.test";
const ADDRESS: &str = "127.0.0.1";

/// Said more than once.
mod rfc {
    pub const COMMON_NAME: &str =
        "RFC 9525 §2: the common name MUST NOT be used to identify a service";
    pub const WILDCARD: &str =
        "RFC 9525 §6.3: a wildcard is the whole left-most label, and matches one label";
    pub const ADDRESS: &str = "RFC 9525 §6.4: an address is compared with addresses, byte by byte";
    pub const DATES: &str = "RFC 5280 §6.1.3 (a) (2): now is between the two dates";
    pub const USAGE: &str =
        "RFC 8446 §4.4.2.2: a key usage MUST have digitalSignature. rustls does not look";
    pub const NO_AUTHORITY: &str = "RFC 5280 §4.2.1.9 does not forbid it. rustls does";
    pub const SIGNATURE: &str = "RFC 5280 §6.1.3 (a) (1): the signature is verified";
    pub const ANCHOR: &str =
        "RFC 5280 §6: a path begins with a certificate that an anchor has issued";
    pub const INPUT: &str = "RFC 5280 §6.1.1 (d): of an anchor, name and key are the input";
    pub const SUBTREES: &str = "RFC 5280 §4.2.1.10: all names of a kind are in the permitted subtrees, none in an excluded one";
}

/// A root that is trusted, one that nobody knows, and an authority below the first.
struct World {
    root: Authority,
    stranger: Authority,
    issuer: Authority,
}

impl World {
    /// A server whose certificate the usual authority has signed.
    fn shows(&self, name: &'static str, host: &'static str, server: Server) -> Case {
        self.behind(name, host, server, &[&self.issuer])
    }

    /// A server with these authorities in its chain, nearest first.
    fn behind(
        &self,
        name: &'static str,
        host: &'static str,
        server: Server,
        chain: &[&Authority],
    ) -> Case {
        let authorities = chain.iter().map(|authority| authority.chain[0].clone());
        Case {
            name,
            host,
            chain: [server.certificate]
                .into_iter()
                .chain(authorities)
                .collect(),
            key: server.key.to_owned(),
            roots: vec![self.root.chain[0].clone()],
            ours: None,
            why: "",
            others: &[],
        }
    }
}

pub fn all() -> Vec<Case> {
    let root = root(issuer("a root"));
    let world = World {
        stranger: stranger(issuer("a root that nobody knows")),
        issuer: below(&root, issuer("an authority")),
        root,
    };
    [
        names(&world),
        addresses(&world),
        dates_and_purposes(&world),
        signatures(&world),
        chains(&world),
        anchors(&world),
        constraints(&world),
    ]
    .concat()
}

fn names(world: &World) -> Vec<Case> {
    let issued = |paper| Server::of(&world.issuer, paper);
    let named = |names: &[&str]| issued(server(names));
    vec![
        world.shows("the name", SHOP, named(&[SHOP])),
        world.shows("the second of two names", SHOP, named(&["shop.test", SHOP])),
        world.shows("in other letters", SHOP, named(&["WWW.Shop.Test"])),
        world.shows("another name", SHOP, named(&[BANK])).refused(
            WrongName,
            "RFC 9525 §6.6: without a match there is no service",
        ),
        world
            .shows(
                "a name that goes on",
                SHOP,
                named(&["www.shop.test.evil.test"]),
            )
            .refused(WrongName, "RFC 9525 §6.3: all labels match"),
        world
            .shows(
                "a name with a dot at its end",
                SHOP,
                issued(server(&[]).dns("www.shop.test.")),
            )
            .refused(
                WrongName,
                "RFC 5280 §4.2.1.6: in the preferred syntax of RFC 1034 §3.5, without that dot",
            )
            .unlike(&[Curl]),
        world.shows("*.shop.test", SHOP, named(&["*.shop.test"])),
        world
            .shows(
                "*.shop.test for two labels",
                "a.www.shop.test",
                named(&["*.shop.test"]),
            )
            .refused(WrongName, rfc::WILDCARD),
        world
            .shows("*.shop.test for none", "shop.test", named(&["*.shop.test"]))
            .refused(WrongName, rfc::WILDCARD),
        world
            .shows("w*.shop.test", SHOP, named(&["w*.shop.test"]))
            .refused(WrongName, rfc::WILDCARD)
            .unlike(&[Openssl]),
        world
            .shows("www.*.test", SHOP, named(&["www.*.test"]))
            .refused(WrongName, rfc::WILDCARD),
        world
            .shows("*.test", "shop.test", named(&["*.test"]))
            .refused(
                WrongName,
                "RFC 9525 §6.3 would let it match. All three want two labels behind the star",
            ),
        world
            .shows(
                "the name as common name",
                SHOP,
                issued(server(&[]).common_name(SHOP)),
            )
            .refused(WrongName, rfc::COMMON_NAME)
            .unlike(&[Curl, Openssl]),
        world
            .shows(
                "common name beside another name",
                SHOP,
                issued(server(&[BANK]).common_name(SHOP)),
            )
            .refused(WrongName, rfc::COMMON_NAME),
        world
            .shows(
                "common name beside an address",
                SHOP,
                issued(server(&[ADDRESS]).common_name(SHOP)),
            )
            .refused(WrongName, rfc::COMMON_NAME)
            .unlike(&[Openssl]),
    ]
}

fn addresses(world: &World) -> Vec<Case> {
    let issued = |paper| Server::of(&world.issuer, paper);
    vec![
        world.shows("the address", ADDRESS, issued(server(&[ADDRESS]))),
        world
            .shows("another address", ADDRESS, issued(server(&["127.0.0.2"])))
            .refused(WrongName, rfc::ADDRESS),
        world
            .shows(
                "a name of the address",
                ADDRESS,
                issued(server(&["localhost"])),
            )
            .refused(WrongName, rfc::ADDRESS),
        world
            .shows(
                "the address as a name",
                ADDRESS,
                issued(server(&[]).dns(ADDRESS)),
            )
            .refused(WrongName, rfc::ADDRESS),
        world
            .shows(
                "the address as common name",
                ADDRESS,
                issued(server(&[]).common_name(ADDRESS)),
            )
            .refused(WrongName, rfc::COMMON_NAME)
            .unlike(&[Curl]),
    ]
}

fn dates_and_purposes(world: &World) -> Vec<Case> {
    let shop = || server(&[SHOP]);
    let shows = |name, paper| world.shows(name, SHOP, Server::of(&world.issuer, paper));
    vec![
        shows("expired", shop().valid((2020, 2021))).refused(Expired, rfc::DATES),
        shows("not yet valid", shop().valid((2098, 2099))).refused(NotYetValid, rfc::DATES),
        shows("for clients", shop().for_clients()).refused(
            WrongUsage,
            "RFC 5280 §4.2.1.12: MUST only be used for a purpose that it names",
        ),
        shows("for everything", shop().for_everything()).refused(
            WrongUsage,
            "RFC 5280 §4.2.1.12: MAY be refused where a purpose is required",
        ),
        shows("for no purpose that it names", shop().for_any_purpose()),
        shows(
            "a key that encrypts keys",
            shop().key_usage(KeyEncipherment),
        )
        .although(rfc::USAGE),
        shows(
            "a key that signs certificates",
            shop().key_usage(KeyCertSign),
        )
        .although(rfc::USAGE)
        .unlike(&[Curl, Openssl]),
        shows("an authority's certificate", shop().above(0))
            .refused(Other, rfc::NO_AUTHORITY)
            .unlike(&[Curl, Openssl]),
        shows("something unknown in it", shop().unknown_extension(false)),
        shows(
            "something unknown and critical",
            shop().unknown_extension(true),
        )
        .refused(
            Other,
            "RFC 5280 §4.2: what is critical and not understood MUST be refused",
        ),
    ]
}

fn signatures(world: &World) -> Vec<Case> {
    let good = || Server::of(&world.issuer, server(&[SHOP]));
    let evil = Server::of(&world.issuer, server(&["www.evil.test"]));
    let namesake = stranger(issuer("a root"));
    vec![
        world
            .shows(
                "another name put in",
                SHOP,
                evil.forged("www.evil.test", SHOP),
            )
            .refused(Other, rfc::SIGNATURE),
        world
            .shows(
                "a bit of the signature changed",
                SHOP,
                good().with_a_bit_changed(),
            )
            .refused(Other, rfc::SIGNATURE),
        world
            .shows(
                "somebody else's certificate",
                SHOP,
                good().with_the_key_of_a_stranger(),
            )
            .refused(
                Other,
                "RFC 8446 §4.4.3: the handshake is signed with the certificate's key",
            ),
        world
            .behind(
                "an unknown root",
                SHOP,
                Server::of(&world.stranger, server(&[SHOP])),
                &[&world.stranger],
            )
            .refused(UnknownIssuer, rfc::ANCHOR),
        world
            .behind(
                "a root with the name of ours",
                SHOP,
                Server::of(&namesake, server(&[SHOP])),
                &[],
            )
            .refused(Other, rfc::SIGNATURE),
        world
            .behind(
                "self-signed",
                SHOP,
                Server::self_signed(server(&[SHOP])),
                &[],
            )
            .refused(UnknownIssuer, rfc::ANCHOR),
    ]
}

fn chains(world: &World) -> Vec<Case> {
    let good = || Server::of(&world.issuer, server(&[SHOP]));
    // A server behind one authority of this paper.
    let behind = |name, paper| {
        let authority = below(&world.root, paper);
        world.behind(
            name,
            SHOP,
            Server::of(&authority, server(&[SHOP])),
            &[&authority],
        )
    };
    let last = below(&world.root, issuer("a last authority").above(0));
    let one_more = below(&last, issuer("one more"));
    vec![
        world
            .behind("without its intermediate", SHOP, good(), &[])
            .refused(UnknownIssuer, "RFC 8446 §4.4.2: of the chain, only an anchor MAY be left out"),
        world.behind("with the root", SHOP, good(), &[&world.issuer, &world.root]),
        world.behind("with one that is not needed", SHOP, good(), &[&world.stranger, &world.issuer]),
        behind("an intermediate that is no authority", issuer("no authority").no_authority())
            .refused(Other, "RFC 5280 §6.1.4 (k): an issuer is an authority"),
        behind("an intermediate that may not sign", issuer("no signer").key_usage(DigitalSignature))
            .although("RFC 5280 §6.1.4 (n): a key usage of an issuer has keyCertSign. rustls does not look")
            .unlike(&[Curl, Openssl]),
        behind("an intermediate that has expired", issuer("an old one").valid((2020, 2021)))
            .refused(Expired, rfc::DATES),
        behind("an intermediate for clients", issuer("for clients").for_clients())
            .refused(WrongUsage, "RFC 5280 §4.2.1.12 is about a certificate's own key. All three take it for a limit of what is below"),
        world.behind("a path as long as it may be", SHOP, Server::of(&last, server(&[SHOP])), &[&last]),
        world
            .behind("a path that is too long", SHOP, Server::of(&one_more, server(&[SHOP])), &[&one_more, &last])
            .refused(Other, "RFC 5280 §6.1.4 (l): max_path_length"),
    ]
}

fn anchors(world: &World) -> Vec<Case> {
    let shop = || server(&[SHOP]);
    let good = Server::of(&world.issuer, shop());
    let own = Server::self_signed(shop());
    let own_authority = Server::self_signed(shop().above(0));
    let old = root(issuer("a root of the past").valid((2020, 2021)));
    let lonely = root(issuer("a root above servers").above(0));
    let below = below(&lonely, issuer("one too many"));
    vec![
        world
            .behind("self-signed and trusted", SHOP, own.clone(), &[])
            .trusting(&[&own.certificate]),
        world
            .behind(
                "self-signed and trusted, an authority",
                SHOP,
                own_authority.clone(),
                &[],
            )
            .trusting(&[&own_authority.certificate])
            .refused(Other, rfc::NO_AUTHORITY)
            .unlike(&[Curl, Openssl]),
        world
            .behind(
                "the intermediate is trusted, no root",
                SHOP,
                good.clone(),
                &[&world.issuer],
            )
            .trusting(&[&world.issuer.chain[0]])
            .although(
                "RFC 5280 §6: any authority may be an anchor; s_client wants a self-signed one",
            )
            .unlike(&[Openssl]),
        world
            .behind("the certificate itself is trusted", SHOP, good.clone(), &[])
            .trusting(&[&good.certificate])
            .refused(UnknownIssuer, rfc::ANCHOR)
            .unlike(&[Curl]),
        world
            .behind(
                "a root that has expired",
                SHOP,
                Server::of(&old, shop()),
                &[],
            )
            .trusting(&[&old.chain[0]])
            .although(rfc::INPUT)
            .unlike(&[Curl, Openssl]),
        world
            .behind(
                "a root that allows no intermediate",
                SHOP,
                Server::of(&below, shop()),
                &[&below],
            )
            .trusting(&[&lonely.chain[0]])
            .although(rfc::INPUT)
            .unlike(&[Curl, Openssl]),
        world
            .behind("the second of two roots", SHOP, good, &[&world.issuer])
            .trusting(&[&world.stranger.chain[0], &world.root.chain[0]]),
    ]
}

fn constraints(world: &World) -> Vec<Case> {
    let shops = below(&world.root, issuer("for shops").only_below("shop.test"));
    let others = below(
        &world.root,
        issuer("for all but the bank").not_below("bank.test"),
    );
    let root = root(issuer("a root for shops").only_below("shop.test"));
    vec![
        world.behind(
            "permitted",
            SHOP,
            Server::of(&shops, server(&[SHOP])),
            &[&shops],
        ),
        world
            .behind(
                "not permitted",
                BANK,
                Server::of(&shops, server(&[BANK])),
                &[&shops],
            )
            .refused(Other, rfc::SUBTREES),
        world
            .behind(
                "another name is not permitted",
                SHOP,
                Server::of(&shops, server(&[SHOP, BANK])),
                &[&shops],
            )
            .refused(Other, rfc::SUBTREES),
        world
            .behind(
                "names are limited, addresses are not",
                ADDRESS,
                Server::of(&shops, server(&[ADDRESS])),
                &[&shops],
            )
            .although("RFC 5280 §4.2.1.10: a constraint is about names of its own kind"),
        world.behind(
            "not excluded",
            SHOP,
            Server::of(&others, server(&[SHOP])),
            &[&others],
        ),
        world
            .behind(
                "excluded",
                BANK,
                Server::of(&others, server(&[BANK])),
                &[&others],
            )
            .refused(Other, rfc::SUBTREES),
        world
            .behind(
                "not permitted by the root",
                BANK,
                Server::of(&root, server(&[BANK])),
                &[],
            )
            .trusting(&[&root.chain[0]])
            .refused(
                Other,
                "RFC 5280 §6.1.1 (h): what is permitted from the beginning is an input",
            ),
    ]
}
