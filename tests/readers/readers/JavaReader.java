// SPDX-License-Identifier: BSD-2-Clause

import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import javax.mail.*;
import javax.mail.internet.*;
import org.apache.james.mime4j.dom.Message;
import org.apache.james.mime4j.dom.address.Mailbox;
import org.apache.james.mime4j.field.address.LenientAddressParser;
import org.apache.james.mime4j.message.DefaultMessageBuilder;
import org.apache.james.mime4j.stream.Field;
import org.apache.james.mime4j.stream.MimeConfig;

/**
 * Java: JavaReader javamail|parseheader|mime4j.
 * javamail: MimeMessage; parseheader: InternetAddress.parseHeader, not strict;
 * mime4j: what mail programs for Android use.
 */
public class JavaReader {
	static final String[] NAMES = {
		"From", "Sender", "Resent-From", "Resent-Sender", "Author" };
	static final Session session = session();

	static Session session() {
		Properties properties = new Properties();
		properties.put("mail.mime.address.strict", "false");
		properties.put("mail.mime.allowutf8", "true");
		return Session.getInstance(properties);
	}

	static void quote(StringBuilder out, String text) {
		out.append('"');
		for (char c : (text == null ? "" : text).toCharArray()) {
			if (c < 0x20 || c == '"' || c == '\\' || c > 0x7e)
				out.append(String.format("\\u%04x", (int)c));
			else
				out.append(c);
		}
		out.append('"');
	}

	static void pair(List<String> pairs, String display, String address) {
		StringBuilder out = new StringBuilder("[");
		quote(out, display);
		out.append(',');
		quote(out, address);
		pairs.add(out.append(']').toString());
	}

	static void addresses(List<String> pairs, Address[] list) throws Exception {
		for (Address each : list == null ? new Address[0] : list) {
			InternetAddress address = (InternetAddress)each;
			if (address.isGroup())
				addresses(pairs, address.getGroup(false));
			else
				pair(pairs, address.getPersonal(), address.getAddress());
		}
	}

	static void javamail(byte[] raw, Map<String, List<String>> seen,
	    boolean parseHeader) throws Exception {
		MimeMessage message = new MimeMessage(session,
		    new ByteArrayInputStream(raw));
		for (String name : NAMES) {
			List<String> pairs = new ArrayList<>();
			if (!parseHeader && name.equals("From")) {
				addresses(pairs, message.getFrom());
			} else if (!parseHeader && name.equals("Sender")) {
				Address sender = message.getSender();
				if (sender != null)
					addresses(pairs, new Address[] { sender });
			} else {
				String value = message.getHeader(name, ",");
				if (value != null)
					addresses(pairs, InternetAddress.parseHeader(value, false));
			}
			seen.put(name, pairs);
		}
	}

	static void mailboxes(List<String> pairs,
	    org.apache.james.mime4j.dom.address.MailboxList list) {
		for (int i = 0; list != null && i < list.size(); i++) {
			Mailbox box = list.get(i);
			pair(pairs, box.getName(), box.getAddress());
		}
	}

	static void mime4j(byte[] raw, Map<String, List<String>> seen)
	    throws Exception {
		DefaultMessageBuilder builder = new DefaultMessageBuilder();
		builder.setMimeEntityConfig(MimeConfig.PERMISSIVE);
		Message message = builder.parseMessage(new ByteArrayInputStream(raw));
		for (String name : NAMES) {
			List<String> pairs = new ArrayList<>();
			if (name.equals("From")) {
				mailboxes(pairs, message.getFrom());
			} else if (name.equals("Sender")) {
				Mailbox box = message.getSender();
				if (box != null)
					pair(pairs, box.getName(), box.getAddress());
			} else {
				for (Field field : message.getHeader().getFields(name))
					mailboxes(pairs, LenientAddressParser.DEFAULT
					    .parseAddressList(field.getBody()).flatten());
			}
			seen.put(name, pairs);
		}
		message.dispose();
	}

	static String read(String mode, byte[] raw) {
		Map<String, List<String>> seen = new LinkedHashMap<>();
		StringBuilder out = new StringBuilder("{");
		try {
			if (mode.equals("mime4j"))
				mime4j(raw, seen);
			else
				javamail(raw, seen, mode.equals("parseheader"));
		} catch (Exception | StackOverflowError error) {
			out.append("\"error\":");
			quote(out, error.toString());
		}
		for (Map.Entry<String, List<String>> entry : seen.entrySet()) {
			if (out.length() > 1)
				out.append(',');
			out.append('"').append(entry.getKey()).append("\":[")
			    .append(String.join(",", entry.getValue())).append(']');
		}
		return out.append("}\n").toString();
	}

	public static void main(String[] args) throws Exception {
		DataInputStream in = new DataInputStream(
		    new BufferedInputStream(System.in, 1 << 16));
		OutputStream out = new BufferedOutputStream(System.out, 1 << 16);
		try {
			for (;;) {
				byte[] raw = new byte[in.readInt()];
				in.readFully(raw);
				out.write(read(args[0], raw)
				    .getBytes(StandardCharsets.US_ASCII));
			}
		} catch (EOFException end) {
			out.flush();
		}
	}
}
