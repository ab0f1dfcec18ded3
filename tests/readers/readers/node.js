// SPDX-License-Identifier: BSD-2-Clause
// Node: node.js addressparser|mailparser|postal|rfc2822|emailaddresses DIRECTORY
// DIRECTORY holds node_modules.
'use strict';
const fs = require('fs');
const path = require('path');

const [mode, directory] = process.argv.slice(2);
const names = ['From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author'];
const load = (name) => require(require.resolve(name, { paths: [directory] }));

function flat(list) {
	return [].concat(...(list || []).filter(Boolean).map((item) =>
	    item.group ? flat(item.group) : item.value ? flat(item.value)
		: item.addresses ? flat(item.addresses)
		: [[item.name || item.phrase || '', item.address || '']]));
}

// The fields as libraries without a message parser are given them.
function fields(raw) {
	const seen = {};
	const header = raw.toString('utf8').split('\r\n\r\n', 1)[0];
	for (const line of header.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
		const colon = line.indexOf(':');
		const name = names.find((n) => n.toLowerCase() ===
		    line.slice(0, colon).trim().toLowerCase());
		if (name)
			(seen[name] = seen[name] || []).push(line.slice(colon + 1).trim());
	}
	return seen;
}

function each(parse) {
	return async (raw) => {
		const seen = {};
		for (const [name, values] of Object.entries(fields(raw)))
			seen[name] = flat([].concat(...values.map((v) => parse(v) || [])));
		return seen;
	};
}

const readers = {
	addressparser() {
		return each(load('nodemailer/lib/addressparser'));
	},
	rfc2822() {
		const parse = load('address-rfc2822').parse;
		return each((v) => parse(v));
	},
	emailaddresses() {
		const parse = load('email-addresses').parseFrom;
		return each((v) => parse(v));
	},
	mailparser() {
		const { simpleParser } = load('mailparser');
		return async (raw) => {
			const mail = await simpleParser(raw);
			const seen = {};
			for (const name of names) {
				const value = mail.headers.get(name.toLowerCase());
				if (value && typeof value !== 'string')
					seen[name] = flat([].concat(value));
			}
			if (mail.from)
				seen.From = (seen.From || []).concat(flat([mail.from]));
			return seen;
		};
	},
	postal() {
		const PostalMime = load('postal-mime');
		const Parser = PostalMime.default || PostalMime;
		const { addressParser } = PostalMime;
		return async (raw) => {
			const mail = await Parser.parse(raw);
			const seen = {};
			if (mail.from)
				seen.From = flat([mail.from]);
			if (mail.sender)
				seen.Sender = flat([mail.sender]);
			for (const header of mail.headers) {
				const name = names.slice(2).find((n) => n.toLowerCase() === header.key);
				if (name)
					seen[name] = (seen[name] || []).concat(
					    flat(addressParser(header.value)));
			}
			return seen;
		};
	},
};

async function main() {
	const read = readers[mode]();
	const input = fs.readFileSync(0);
	const out = [];
	for (let at = 0; at < input.length;) {
		const length = input.readUInt32BE(at);
		const raw = input.subarray(at + 4, at + 4 + length);
		at += 4 + length;
		try {
			out.push(JSON.stringify(await read(raw)));
		} catch (error) {
			out.push(JSON.stringify({ error: String(error) }));
		}
		if (out.length >= 100)
			fs.writeSync(1, out.splice(0).join('\n') + '\n');
	}
	if (out.length)
		fs.writeSync(1, out.join('\n') + '\n');
}

main();
