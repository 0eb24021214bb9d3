//! An interface that goes down, or away, while it is captured on.

use super::PORT;
use super::net::Net;

#[test]
fn an_interface_that_is_taken_down_is_waited_for() {
    let Some(net) = Net::new() else { return };
    let mut running = net.capture(&["-n", "-a", "off"]);
    net.converse(PORT);
    running.hear("10.99.0.2.8080");
    net.set("down");
    running.hear("client0: the interface is down, after frame");
    net.set("up");
    running.hear("client0: the interface is up again, after");
    net.converse(PORT + 1);
    running.hear("10.99.0.2.8081");
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn an_interface_that_goes_and_comes_back_is_captured_on_again() {
    let Some(net) = Net::new() else { return };
    let mut running = net.capture(&["-n", "-a", "off"]);
    net.converse(PORT);
    running.hear("10.99.0.2.8080");
    net.unplug();
    running.hear("client0: the interface has gone, after frame");
    net.plug();
    running.hear("the capture goes on");
    net.converse(PORT + 1);
    running.hear("10.99.0.2.8081");
    let (status, said) = running.end();
    assert_eq!(status.code(), Some(0), "{said:#?}");
}
