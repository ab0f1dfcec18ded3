#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# What Email::MIME sees in messages: as leaves.c.
use strict;
use warnings;
use Email::MIME;

local $SIG{__WARN__} = sub { };

sub show
{
	my ($kind, $octets) = @_;
	print $kind, ' ', length $octets, "\n", $octets, "\n";
}

sub show_part
{
	my ($part, $depth) = @_;
	my ($type) = ($part->content_type // '') =~ m{^\s*([^\s;/()]+/[^\s;()]+)};
	print "P $depth ", lc($type // 'text/plain'), "\n";
	my $header = $part->header_obj->as_string;
	show('F', $_) for split /\r?\n(?![ \t])/, $header;
	my @parts = $part->subparts;
	if (@parts) {
		show_part($_, $depth + 1) for @parts;
	} elsif (lc($type // '') =~ m{^message/(?:rfc822|global|news)$}
	    and $part->body_raw =~ /\S/) {
		show_part(Email::MIME->new($part->body), $depth + 1);
	} else {
		show('R', $part->body_raw);
		my $body = eval { $part->body };
		show('D', $body // "undecodable: $@");
	}
}

binmode STDIN;
binmode STDOUT;
$| = 1;
while (defined(my $line = <STDIN>)) {
	read(STDIN, my $octets, $line + 0) == $line or die "short input\n";
	my $message = eval { Email::MIME->new($octets) };
	show_part($message, 0) if defined $message;
	print ".\n";
}
