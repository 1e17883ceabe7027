"""Web frameworks that send mail, set as `docs/applications.md` says: each as a command that sends one message.

Owns: what stands around the settings of the page in a program, and how it trusts a local authority where the page
says that it needs the machine's.
Does not own: the settings (the page), or what must come of it (`tests/e2e/session/test_frameworks.py`).
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients.mailers import RCPT, SENDER
from tests.support.clients.programs import need
from tests.support.repository import DOCS

HTML = '<p><a href="https://shop.example/">Shop</a></p>'
_BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Post:
    """Where to send to, as whom, whom to trust, and a folder for the program."""

    port: int
    authority: Path
    folder: Path

    def file(self, name: str, text: str) -> str:
        """Write a file of the program, and return its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


Framework = Callable[[Post], list[str]]


def settings(name: str, post: Post) -> str:
    """Return the block of a framework on the page, with this test's addresses."""
    page = (DOCS / "applications.md").read_text()
    block = _BLOCK.search(page.partition(f"### {name}\n")[2])
    assert block, f"no block for {name}"
    own = {
        "waypost.internal": "localhost",
        "2525": str(post.port),
        "/etc/waypost/tls/ca.pem": str(post.authority),
    }
    text = block[1]
    for theirs, ours in own.items():
        text = text.replace(theirs, ours)
    return text


def django(post: Post) -> list[str]:
    """Django, with the machine's trust by its environment."""
    pytest.importorskip("django")
    post.file("their_settings.py", settings("Django", post))
    script = f"""
import os, sys
sys.path.insert(0, {str(post.folder)!r})
os.environ["DJANGO_SETTINGS_MODULE"] = "their_settings"
from django.core.mail import EmailMultiAlternatives
mail = EmailMultiAlternatives("hello", "text", "{SENDER}", ["{RCPT}"])
mail.attach_alternative({HTML!r}, "text/html")
mail.send()
"""
    return ["env", f"SSL_CERT_FILE={post.authority}", sys.executable, "-c", script]


def rails(post: Post) -> list[str]:
    """Rails' Action Mailer."""
    script = f"""
require "action_mailer"
Config = Struct.new(:action_mailer)
config = Config.new(ActionMailer::Base)
{settings("Rails", post)}
class Shop < ActionMailer::Base
  def hello
    mail(from: "{SENDER}", to: "{RCPT}", subject: "hello", content_type: "text/html", body: {HTML!r})
  end
end
Shop.hello.deliver_now
"""
    return [need("ruby", "ruby-actionmailer"), "-W0", post.file("send.rb", script)]


def symfony(post: Post) -> list[str]:
    """Symfony's mailer, which is Laravel's, too."""
    script = f"""<?php
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
$settings = parse_ini_string({settings("Symfony", post).strip()!r}, false, INI_SCANNER_RAW);
$transport = Symfony\\Component\\Mailer\\Transport::fromDsn($settings['MAILER_DSN']);
$mail = (new Symfony\\Component\\Mime\\Email())
    ->from('{SENDER}')->to('{RCPT}')->subject('hello')->html('{HTML}');
(new Symfony\\Component\\Mailer\\Mailer($transport))->send($mail);
"""
    return _php(post, script, "php-symfony-mailer")


def wordpress(post: Post) -> list[str]:
    """PHPMailer, as WordPress hands it to `phpmailer_init`."""
    script = f"""<?php
require '/usr/share/php/libphp-phpmailer/autoload.php';
$mailer = new PHPMailer\\PHPMailer\\PHPMailer(true);
function add_action($name, $does) {{ global $mailer; $does($mailer); }}
{settings("WordPress", post)}
$mailer->setFrom('{SENDER}');
$mailer->addAddress('{RCPT}');
$mailer->Subject = 'hello';
$mailer->msgHTML('{HTML}');
$mailer->send();
"""
    return _php(post, script, "libphp-phpmailer")


def _php(post: Post, script: str, package: str) -> list[str]:
    (library,) = re.findall(r"require '([^']+)'", script)
    if not Path(library).exists():
        pytest.skip(f"{library} is not there (Debian: {package})")
    trust = f"openssl.cafile={post.authority}"
    return [need("php", "php-cli"), "-d", trust, post.file("send.php", script)]


def spring(post: Post) -> list[str]:
    """JavaMail, with the properties that Spring Boot hands on to it, and the authority imported."""
    jars = [Path("/usr/share/java") / f"javax.{each}.jar" for each in ("mail", "activation")]
    if not all(jar.exists() for jar in jars):
        pytest.skip("JavaMail is not installed (Debian: libmail-java)")
    said = dict(line.split("=", 1) for line in settings("Spring Boot", post).splitlines())
    own = {key.removeprefix("spring.mail.properties."): each for key, each in said.items()}
    lines = "".join(f'p.put("{key}", "{own[key]}");' for key in own if key.startswith("mail."))
    login = f'"{said["spring.mail.username"]}", "{said["spring.mail.password"]}"'
    where = f'"{said["spring.mail.host"]}", {said["spring.mail.port"]}, {login}'
    script = f"""
import java.util.Properties;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;
public class Send {{
  public static void main(String[] args) throws Exception {{
    Properties p = new Properties();
    {lines}
    Session session = Session.getInstance(p);
    MimeMessage mail = new MimeMessage(session);
    mail.setFrom(new InternetAddress("{SENDER}"));
    mail.setRecipient(javax.mail.Message.RecipientType.TO, new InternetAddress("{RCPT}"));
    mail.setSubject("hello");
    mail.setContent({_quoted(HTML)}, "text/html; charset=utf-8");
    mail.saveChanges();
    try (Transport transport = session.getTransport("smtp")) {{
      transport.connect({where});
      transport.sendMessage(mail, mail.getAllRecipients());
    }}
  }}
}}
"""
    store = post.folder / "trust.p12"
    keep = "-storetype PKCS12 -storepass changeit -noprompt"
    trust = f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
    path = ":".join(map(str, jars))
    need("javac", "default-jdk-headless")
    return _shell(
        f"{need('keytool', 'default-jdk-headless')} -importcert -alias waypost "
        f"-file {post.authority} -keystore {store} {keep} 2>&1",
        f"{need('java', 'default-jdk-headless')} -cp {path} {trust} {post.file('Send.java', script)}",
    )


def go(post: Post) -> list[str]:
    """Go's net/smtp, with the machine's trust by its environment."""
    script = f"""package main
import "net/smtp"
func main() {{
	from, to := "{SENDER}", []string{{"{RCPT}"}}
	message := []byte("From: {SENDER}\\r\\nTo: {RCPT}\\r\\nSubject: hello\\r\\nMIME-Version: 1.0\\r\\n" +
		"Content-Type: text/html\\r\\n\\r\\n" + {_quoted(HTML)} + "\\r\\n")
	{settings("Go", post)}
	if err != nil {{
		panic(err)
	}}
}}
"""
    program = need("go", "golang-go")
    cache = f"GOCACHE={post.folder / 'cache'} GOPATH={post.folder / 'go'} GOFLAGS=-mod=mod"
    return _shell(
        f"SSL_CERT_FILE={post.authority} {cache} {program} run {post.file('send.go', script)}"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _shell(*commands: str) -> list[str]:
    return ["sh", "-c", " && ".join(commands)]


FRAMEWORKS: tuple[Framework, ...] = (django, rails, symfony, wordpress, spring, go)
