#!/usr/bin/perl
# SPDX-License-Identifier: BSD-2-Clause
# Perl: perl_address.pl xs|mailtools|address|mime
# xs         Email::Address::XS (Dovecot's parser) on unfolded raw fields
# mailtools  Mail::Header and Mail::Address
# address    Email::Address on the decoded fields of Email::MIME
# mime       Email::MIME's own address objects
use strict;
use warnings;
use JSON::PP ();
no warnings 'utf8';

my @names = ('From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author');
my $json = JSON::PP->new->latin1->allow_nonref;
# JSON::XS, where it is, is faster.
eval { require JSON::XS; $json = JSON::XS->new->latin1; };

sub pairs {
	return [map { [$_->phrase // '', $_->address // ''] } @_];
}

my %readers = (
	xs => sub {
		require Email::Simple;
		require Email::Address::XS;
		my $mail = Email::Simple->new($_[0]);
		return { map { my $n = $_; my @v = $mail->header_raw($n);
			@v ? ($n => pairs(map {
				grep { $_->is_valid || defined $_->address }
				Email::Address::XS->parse($_) } @v)) : ()
		    } @names };
	},
	mailtools => sub {
		require Mail::Header;
		require Mail::Address;
		my ($text) = $_[0] =~ /\A(.*?\r\n)(?:\r\n|\z)/s;
		$text =~ s/\r\n/\n/g;
		my $mail = Mail::Header->new([split /^/m, $text]);
		return { map { my @v = $mail->get($_);
			@v ? ($_ => pairs(map { Mail::Address->parse($_) } @v))
			    : () } @names };
	},
	address => sub {
		require Email::MIME;
		require Email::Address;
		my $mail = Email::MIME->new($_[0]);
		return { map { my @v = $mail->header_str($_);
			@v ? ($_ => pairs(map { Email::Address->parse($_) } @v))
			    : () } @names };
	},
	mime => sub {
		require Email::MIME;
		my $mail = Email::MIME->new($_[0]);
		# It has no object for Author.
		return { map { my @v = $mail->header_as_obj($_);
			@v ? ($_ => pairs(map { $_->addresses } @v)) : ()
		    } @names[0 .. 3] };
	},
);
my $read = $readers{$ARGV[0]};
binmode STDIN;
binmode STDOUT;
$| = 1;
$SIG{__WARN__} = sub { };
while (read(STDIN, my $prefix, 4) == 4) {
	read(STDIN, my $raw, unpack('N', $prefix));
	my $seen = eval { $read->($raw) } // { error => "$@" };
	print $json->encode($seen), "\n";
}
