// Haraka plugin: replaces the links of HTML parts by tracked ones, as a short plugin would do it.
//
// Owns: taking mail of the loopback as mail to be relayed, new addresses for links. Does not own:
// signing (haraka-plugin-dkim) and handing on (queue/smtp_forward). It keeps no link anywhere, so it
// does less than a tracker has to.
'use strict'

const { randomBytes } = require('node:crypto')

const HREF = /(<(?:a|area|v:roundrect)\b[^>]*?\shref\s*=\s*)(["'])https?:\/\/[^"']*\2/gi

exports.hook_connect = function (next, connection) {
  connection.relaying = true
  next()
}

exports.hook_rcpt = function (next) {
  next(OK)
}

exports.hook_data = function (next, connection) {
  connection.transaction.add_body_filter('text/html', (_type, charset, octets) => {
    const html = octets.toString('utf8')
    return Buffer.from(
      html.replace(
        HREF,
        (_all, before, quote) =>
          `${before}${quote}http://127.0.0.1:8080/c/${randomBytes(16).toString('hex')}${quote}`,
      ),
    )
  })
  next()
}
