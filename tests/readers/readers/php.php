<?php
// SPDX-License-Identifier: BSD-2-Clause
// PHP: php.php mailparse|imap (the latter is the parser of UW IMAP and Alpine).

$names = ['From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author'];

function fields(string $raw, string $wanted): array
{
	$header = explode("\r\n\r\n", $raw, 2)[0];
	$header = preg_replace('/\r\n(?=[ \t])/', '', $header);
	$values = [];
	foreach (explode("\r\n", $header) as $line) {
		[$name, $value] = array_pad(explode(':', $line, 2), 2, '');
		if (strcasecmp(rtrim($name), $wanted) == 0)
			$values[] = trim($value);
	}
	return $values;
}

function mailparse(string $raw, string $name): array
{
	$seen = [];
	$message = mailparse_msg_create();
	mailparse_msg_parse($message, $raw);
	$headers = mailparse_msg_get_part_data($message)['headers'] ?? [];
	mailparse_msg_free($message);
	foreach ((array)($headers[strtolower($name)] ?? []) as $value) {
		foreach (mailparse_rfc822_parse_addresses($value) as $each) {
			if (!$each['is_group'])
				$seen[] = [$each['display'], $each['address']];
			elseif (strpos($each['address'], ':') !== false)
				foreach (mailparse_rfc822_parse_addresses(
				    rtrim(explode(':', $each['address'], 2)[1], ';')) as $member)
					$seen[] = [$member['display'], $member['address']];
		}
	}
	return $seen;
}

function boxes(array $list): array
{
	$seen = [];
	foreach ($list as $each)
		// Names of groups have no host; the parser's own marks begin with a dot.
		if (isset($each->host))
			$seen[] = [$each->personal ?? '',
			    ($each->mailbox ?? '') . ($each->host === 'default.invalid'
				? '' : '@' . $each->host)];
	return $seen;
}

function imap(string $raw, string $name): array
{
	if ($name == 'From' || $name == 'Sender') {
		// It looks for fields behind an empty line, too; clients have the
		// header alone.
		$headers = imap_rfc822_parse_headers(
		    explode("\r\n\r\n", $raw, 2)[0] . "\r\n\r\n", 'default.invalid');
		// Sender is filled in from From where there is none.
		if ($name == 'Sender' && !fields($raw, $name))
			return [];
		return boxes($headers->{strtolower($name)} ?? []);
	}
	$seen = [];
	foreach (fields($raw, $name) as $value)
		$seen = array_merge($seen,
		    boxes(imap_rfc822_parse_adrlist($value, 'default.invalid')));
	return $seen;
}

error_reporting(0);
$read = $argv[1];
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
		foreach ($names as $name)
			$seen[$name] = $read($raw, $name);
	} catch (Throwable $error) {
		$seen['error'] = $error->getMessage();
	}
	if (function_exists("imap_errors"))
		imap_errors();
	echo json_encode($seen, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
