/**
 * A Thunderbird profile for a test: an account whose mail goes out through a plain SMTP server on this
 * machine, with a POP3 account to read from if there is a server for it, and everything that would call
 * home or ask the newcomer a question switched off.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

export interface Account {
  /** Where mail goes out: no security, no authentication. */
  smtpPort: number;
  /** The sender: `Alice`, `alice@example.com`. */
  name: string;
  address: string;
  /** Where mail is read. Without it there is no mailbox but Thunderbird's own Local Folders. */
  pop3?: {
    port: number;
    /** "Leave messages on server", which Thunderbird switches on in a new account. */
    leaveOnServer: boolean;
  };
}

type Preference = string | number | boolean;

/** Preferences as Thunderbird keeps them; the account ones are what Account Settings would write. */
export function preferences(account: Account): Record<string, Preference> {
  return {
    'mail.accountmanager.accounts': account.pop3 ? 'account1,account2' : 'account1',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.accountmanager.localfoldersserver': 'server1',
    'mail.account.account1.server': 'server1',
    'mail.account.account1.identities': 'id1',
    'mail.server.server1.type': 'none',
    'mail.server.server1.name': 'Local Folders',
    'mail.server.server1.hostname': 'Local Folders',
    'mail.server.server1.userName': 'nobody',
    'mail.server.server1.directory-rel': '[ProfD]Mail/Local Folders',
    ...(account.pop3 && pop3Preferences(account.address, account.pop3)),
    'mail.identity.id1.fullName': account.name,
    'mail.identity.id1.useremail': account.address,
    'mail.identity.id1.smtpServer': 'smtp1',
    'mail.identity.id1.valid': true,
    // Plain text, and no copy to a Sent folder: the message that the server got is all that there is.
    'mail.identity.id1.compose_html': false,
    'mail.identity.id1.fcc': false,
    'mail.smtpservers': 'smtp1',
    'mail.smtp.defaultserver': 'smtp1',
    'mail.smtpserver.smtp1.type': 'smtp',
    'mail.smtpserver.smtp1.hostname': '127.0.0.1',
    'mail.smtpserver.smtp1.port': account.smtpPort,
    'mail.smtpserver.smtp1.try_ssl': 0, // Connection security: None
    'mail.smtpserver.smtp1.authMethod': 1, // Authentication method: No authentication
    'mail.smtpserver.smtp1.username': '',
    'mail.smtpserver.smtp1.quit_delay_ms': 0, // QUIT after each message, not seconds later

    'marionette.port': 0, // the system chooses a free one
    'mail.provider.suppress_dialog_on_startup': true,
    'mail.rights.version': 1,
    'mail.spotlight.firstRunDone': true,
    'mail.winsearch.firstRunDone': true,
    'mailnews.start_page.enabled': false,
    'mailnews.start_page_override.mstone': 'ignore',
    'mail.shell.checkDefaultClient': false,
    'mail.spam.version': 1,
    'mail.inappnotifications.enabled': false,
    'mail.collect_email_address_outgoing': false,
    'app.donation.eoy.version.viewed': 999,
    'app.update.enabled': false,
    'app.update.auto': false,
    'app.normandy.enabled': false,
    'app.shield.optoutstudies.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'datareporting.healthreport.uploadEnabled': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
    'toolkit.telemetry.server': '',
    'toolkit.telemetry.enabled': false,
    'extensions.update.enabled': false,
    'extensions.blocklist.enabled': false,
    'extensions.getAddons.cache.enabled': false,
    'services.settings.server': 'data:,', // no fetching of remote settings
    'network.connectivity-service.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.manage-offline-status': false, // a machine without a network can still reach loopback
  };
}

/** What Account Settings, Server Settings, shows for the account. */
function pop3Preferences(
  address: string,
  pop3: NonNullable<Account['pop3']>,
): Record<string, Preference> {
  return {
    'mail.account.account2.server': 'server2',
    'mail.server.server2.type': 'pop3',
    'mail.server.server2.name': address,
    'mail.server.server2.hostname': '127.0.0.1',
    'mail.server.server2.port': pop3.port,
    'mail.server.server2.userName': address,
    'mail.server.server2.socketType': 0, // Connection security: None
    'mail.server.server2.authMethod': 3, // Authentication method: Password, transmitted insecurely
    'mail.server.server2.leave_on_server': pop3.leaveOnServer,
    'mail.server.server2.check_new_mail': false,
    'mail.server.server2.login_at_startup': false,
    'mail.server.server2.directory-rel': '[ProfD]Mail/127.0.0.1',
  };
}

/** Writes the profile's `user.js`, which Thunderbird reads at every start. */
export async function writeProfile(folder: string, account: Account): Promise<void> {
  const lines = Object.entries(preferences(account)).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  await writeFile(path.join(folder, 'user.js'), lines.join(''));
}
