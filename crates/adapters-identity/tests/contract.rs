//! The promises of the ports, kept by these adapters.

use greenroom_adapters_identity::password::{Argon2Passwords, Cost, Load};
use greenroom_adapters_identity::secret_box::{MasterKey, SealedBox};
use greenroom_testkit::contract::identity;

#[tokio::test]
async fn argon2_passwords() {
    let passwords = Argon2Passwords::new(Cost::CHEAPEST, Load::default()).unwrap();
    identity::passwords(&passwords).await;
}

#[test]
fn sealed_box() {
    let sealed_box = |digits: &str| SealedBox::new(&MasterKey::parse(&digits.repeat(32)).unwrap());
    identity::secret_box(&sealed_box("01"), &sealed_box("01"), &sealed_box("02"));
}
