# SPDX-License-Identifier: BSD-2-Clause
"""What a client has signed or encrypted, which nobody may change any more."""

from shapes import BODY, Area, mime, multipart, part, words
from shapes_mime import HTML_LONG, PICTURE, PLAIN, TEXT, UTF8, mixed

shape = Area("sealed")
EIGHT = ("BODY=8BITMIME",)

_QP = part(PLAIN, b"quoted-printable", b"Gr=C3=BC=C3=9Fe=20\r\n-- =\r\n\r\nA\r\n")
_INSIDE = (
    ("7bit", "7-bit text", part(PLAIN, b"7bit", BODY)),
    ("blanks", "blanks at line ends, dots and From",
     part(PLAIN, b"7bit", b"one  \r\n.\r\nFrom x\t\r\n\r\n\r\n")),
    ("8bit", "8 bits", part(PLAIN, b"8bit", UTF8)),
    ("8bit-no-label", "8 bits without a label", part(PLAIN, None, UTF8)),
    ("long", "a line of 1500 octets", part(PLAIN, b"7bit", words(1500) + b"\r\n")),
    ("line-991", "a line of 991 octets", part(PLAIN, b"7bit", words(991) + b"\r\n")),
    ("qp", "quoted-printable", _QP),
    ("form-feed", "a form feed", part(PLAIN, b"7bit", b"one \x0c\r\n\x0c\r\ntwo\r\n")),
    ("multi", "a multipart", part(b"multipart/mixed; boundary=in", None,
                                  multipart(TEXT, _QP, PICTURE, boundary=b"in"))),
)


def _smime(inner, *around):
    def make(clients):
        entity = clients.smime(inner)
        if around:
            entity = entity.replace(b"MIME-Version: 1.0\r\n", b"", 1)
            return mixed(entity, *around, boundary=b"=_outer")
        return _with_entity(entity)
    return make


def _with_entity(entity):
    """The usual fields before a header that brings MIME-Version along."""
    return mime(None, None, b"", version=False)[:-2] + entity


def _pgp(inner, *around, encoding=None, label=None):
    def make(clients):
        signature = part(b'application/pgp-signature; name="signature.asc"', None,
                         clients.pgp(inner), b"Content-Description: OpenPGP signature")
        kind = b'; micalg=pgp-sha512; protocol="application/pgp-signature"'
        if around:
            whole = part(b'multipart/signed; boundary="pgp"' + kind, encoding,
                         multipart(inner, signature, boundary=b"pgp"))
            return mixed(whole, *around, boundary=b"=_outer", encoding=label)
        return mime(b'multipart/signed; boundary="pgp"' + kind, encoding,
                    multipart(inner, signature, boundary=b"pgp"))
    return make


for name, why, inner in _INSIDE:
    shape("smime-" + name, "S/MIME, %s inside" % why, _smime(inner), mail_args=EIGHT,
          signed_by="smime", quick=name in ("8bit",))
    shape("pgp-" + name, "PGP/MIME, %s inside" % why, _pgp(inner), mail_args=EIGHT,
          signed_by="pgp", quick=name in ("long", "8bit"))
_FOOTER = part(PLAIN, b"8bit", UTF8)
shape("smime-in-list", "S/MIME below a list's footer with 8 bits",
      _smime(_INSIDE[0][2], _FOOTER), mail_args=EIGHT, signed_by="smime")
shape("pgp-in-list", "PGP/MIME below a list's footer with 8 bits",
      _pgp(_INSIDE[0][2], _FOOTER), mail_args=EIGHT, signed_by="pgp")
shape("pgp-in-list-long", "PGP/MIME beside HTML with a long line",
      _pgp(_INSIDE[1][2], HTML_LONG), signed_by="pgp")
shape("pgp-in-labelled-list", "PGP/MIME with 8 bits without a label, below a list's label",
      _pgp(part(PLAIN, None, UTF8), part(PLAIN, b"7bit", BODY), label=b"8bit"),
      mail_args=EIGHT, signed_by="pgp")
shape("pgp-label-8bit", "PGP/MIME labelled 8bit",
      _pgp(part(PLAIN, b"8bit", UTF8), encoding=b"8bit"), mail_args=EIGHT,
      signed_by="pgp")
shape("pgp-label-8bit-ascii", "PGP/MIME labelled 8bit without 8 bits",
      _pgp(part(PLAIN, b"7bit", BODY), encoding=b"8bit"), mail_args=EIGHT,
      signed_by="pgp")
shape("pgp-8bit-7bit-declared", "PGP/MIME with 8 bits, BODY not given",
      _pgp(part(PLAIN, b"8bit", UTF8)), signed_by="pgp")
shape("smime-opaque", "S/MIME, the text inside of the signature",
      lambda c: _with_entity(c.smime(part(PLAIN, b"8bit", UTF8), opaque=True)),
      signed_by="smime")
shape("smime-encrypted", "S/MIME, encrypted",
      lambda c: _with_entity(c.smime_encrypted(part(PLAIN, b"8bit", UTF8))))
shape("smime-one-line", "S/MIME, base64 in one line",
      mime(b'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"',
           b"base64", b"MIIB" * 800 + b"\r\n"))
_VERSION = part(b"application/pgp-encrypted", None, b"Version: 1\r\n")
_ARMOUR = b"-----BEGIN PGP MESSAGE-----\r\n\r\n" + b"hQEMA" * 12 + b"\r\n" \
    b"-----END PGP MESSAGE-----\r\n"
for name, why, data in (("pgp-encrypted", "PGP/MIME, encrypted", _ARMOUR),
                        ("pgp-encrypted-long", "PGP/MIME, encrypted, with a long line",
                         _ARMOUR.replace(b"hQEMA" * 12, b"hQEMA" * 300)),
                        ("pgp-encrypted-8bit", "PGP/MIME, encrypted, with 8 bits",
                         _ARMOUR.replace(b"\r\n\r\n", b"\r\nComment: " + UTF8 + b"\r\n"))):
    shape(name, why, mime(
        b'multipart/encrypted; boundary="pgp"; protocol="application/pgp-encrypted"',
        None, multipart(_VERSION, part(b"application/octet-stream", None, data),
                        boundary=b"pgp")), mail_args=EIGHT)
shape("pgp-inline", "an inline PGP signature over 8 bits", mime(
    PLAIN, b"8bit", b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA512\r\n\r\n"
    + UTF8 + b"- -- \r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n"
    b"-----END PGP SIGNATURE-----\r\n"), mail_args=EIGHT)
