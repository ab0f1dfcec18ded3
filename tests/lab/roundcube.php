<?php
// SPDX-License-Identifier: BSD-2-Clause
// Sends the message on standard input as Roundcube does for a user who is logged in.
// Arguments: configuration, login, password, address of the browser, sender, recipient
[, $config, $login, $password, $browser, $from, $to] = $argv;
error_reporting(E_ALL & ~E_DEPRECATED);
define('RCUBE_CONFIG_DIR', $config . '/');
$_SERVER['REMOTE_ADDR'] = $browser;
require 'bootstrap.php';
$rcube = rcube::get_instance();
$_SESSION['username'] = $login;
$_SESSION['password'] = $rcube->encrypt($password);
[$header, $body] = explode("\r\n\r\n", stream_get_contents(STDIN), 2);
$smtp = new rcube_smtp();
$sent = $smtp->connect() && $smtp->send_mail($from, $to, $header, $body);
echo implode("\n", (array) $smtp->get_response());
$smtp->disconnect();
exit($sent ? 0 : 1);
