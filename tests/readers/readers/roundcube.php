<?php
// SPDX-License-Identifier: BSD-2-Clause
// Roundcube: roundcube.php DIRECTORY, which holds its files.

$library = $argv[1] . '/usr/share/roundcube/program/lib/Roundcube/';
define('RCUBE_CHARSET', 'UTF-8');
define('INSTALL_PATH', $argv[1]);
foreach (['charset', 'utils', 'mime'] as $name)
	require $library . 'rcube_' . $name . '.php';

$names = ['From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author'];

// The fields of a message as its IMAP client keeps them: on one line.
function values(string $raw, string $wanted): array
{
	$header = explode("\r\n\r\n", $raw, 2)[0];
	$values = [];
	foreach (explode("\r\n", preg_replace('/\r\n(?=[ \t])/', '', $header)) as $line) {
		[$name, $value] = array_pad(explode(':', $line, 2), 2, '');
		if (strcasecmp(rtrim($name), $wanted) == 0)
			$values[] = trim($value);
	}
	return $values;
}

error_reporting(0);
while (strlen($prefix = (string)fread(STDIN, 4)) == 4) {
	$raw = '';
	for ($left = unpack('N', $prefix)[1]; $left > 0; $left -= strlen($piece)) {
		$piece = (string)fread(STDIN, $left);
		if ($piece === '')
			exit;
		$raw .= $piece;
	}
	$seen = [];
	try {
		foreach ($names as $name) {
			foreach (values($raw, $name) as $value) {
				foreach (rcube_mime::decode_address_list($value, null, true, 'UTF-8') as $each)
					$seen[$name][] = [$each['name'], $each['mailto']];
			}
		}
	} catch (Throwable $error) {
		$seen = ['error' => $error->getMessage()];
	}
	echo json_encode((object)$seen, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
