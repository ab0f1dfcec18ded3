// SPDX-License-Identifier: BSD-2-Clause
// Thunderbird: thunderbird.mjs DIRECTORY, which holds its jsmime.mjs.
import fs from 'node:fs';
import path from 'node:path';

const { jsmime } = await import(path.join(process.argv[2], 'jsmime.mjs'));
const names = ['From', 'Sender', 'Resent-From', 'Resent-Sender', 'Author'];

const flat = (list) => list.flatMap((item) =>
    item.group ? flat(item.group) : [[item.name || '', item.email || '']]);

function read(raw) {
	const seen = {};
	const emitter = {
		startPart(number, headers) {
			if (number !== '')
				return;
			for (const name of names) {
				// Author is no address field for it.
				const value = headers.get(name);
				if (Array.isArray(value) && value.every((v) => typeof v === 'object'))
					seen[name] = flat(value);
				else
					for (const text of headers.getRawHeader(name) || [])
						seen[name] = (seen[name] || []).concat(flat(
						    jsmime.headerparser.parseAddressingHeader(text, true)));
			}
		},
	};
	const parser = new jsmime.MimeParser(emitter, {
		onerror(error) { throw error; } });
	parser.deliverData(raw.toString('latin1'));
	parser.deliverEOF();
	return seen;
}

const input = fs.readFileSync(0);
let out = '';
for (let at = 0; at < input.length;) {
	const length = input.readUInt32BE(at);
	const raw = input.subarray(at + 4, at + 4 + length);
	at += 4 + length;
	try {
		out += JSON.stringify(read(raw)) + '\n';
	} catch (error) {
		out += JSON.stringify({ error: String(error) }) + '\n';
	}
	if (out.length > 60000 || at === input.length) {
		fs.writeSync(1, out);
		out = '';
	}
}
