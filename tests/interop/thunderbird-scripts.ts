/** What the tests have Thunderbird do: scripts that run inside it, each of them the body of a function. */

/**
 * Runs inside Thunderbird. Opens the composer with the message in it, presses Send when its editor is
 * ready, and calls back with null when the server has taken the message, or with the reason why not.
 * An alert would wait for a person, so it is answered here and its text is the reason.
 */
export const composeAndSend = `
  const [message, done] = arguments;
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const create = (name, type) => Cc['@mozilla.org/messengercompose/' + name + ';1'].createInstance(type);

  const fields = create('composefields', Ci.nsIMsgCompFields);
  fields.to = message.to;
  fields.subject = message.subject;
  fields.body = message.body;
  const parameters = create('composeparams', Ci.nsIMsgComposeParams);
  parameters.type = Ci.nsIMsgCompType.New;
  parameters.format = Ci.nsIMsgCompFormat.PlainText;
  parameters.identity = MailServices.accounts.allIdentities[0];
  parameters.composeFields = fields;

  const finish = (failure) => {
    Services.ww.unregisterNotification(windows);
    Services.obs.removeObserver(sent, 'mail:composeSendSucceeded');
    done(failure);
  };
  const sent = () => finish(null);
  const windows = (window, topic) => {
    if (topic !== 'domwindowopened') return;
    window.addEventListener('load', () => {
      const kind = window.document.documentElement.getAttribute('windowtype');
      if (kind === 'msgcompose') {
        window.addEventListener('compose-editor-ready', () => window.SendMessage(), { once: true });
        window.addEventListener('compose-prepare-message-completed', (event) => {
          if (event.detail?.exception) finish(event.detail.exception.message);
        });
      } else if (window.location.href.includes('commonDialog')) {
        const text = window.document.getElementById('infoBody').textContent;
        window.close();
        finish(text);
      }
    }, { once: true });
  };
  Services.obs.addObserver(sent, 'mail:composeSendSucceeded');
  Services.ww.registerNotification(windows);
  MailServices.compose.OpenComposeWindowWithParams(null, parameters);
`;

/**
 * Runs inside Thunderbird. It is told what a person would tell it once, when it asks: the password for
 * each server, and that the certificate of a server is to be trusted. Calls back with null.
 */
export const rememberAndTrust = `
  const [{ host, user, password, certificate, ports }, done] = arguments;
  const remember = (origin) => {
    const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, origin, user, password, '', '');
    return Services.logins.addLoginAsync(login);
  };
  const trust = (base64) => {
    const known = Cc['@mozilla.org/security/x509certdb;1'].getService(Ci.nsIX509CertDB);
    const exceptions = Cc['@mozilla.org/security/certoverride;1'].getService(Ci.nsICertOverrideService);
    const trusted = known.constructX509FromBase64(base64);
    for (const port of ports) exceptions.rememberValidityOverride(host, port, {}, trusted, false);
  };
  (async () => {
    if (certificate !== null) trust(certificate);
    await remember('mailbox://' + host);
    await remember('smtp://' + host);
    done(null);
  })();
`;

/**
 * Runs inside Thunderbird. Presses Get Messages for the POP3 account, whose password it has been told to
 * remember, and when that is done opens every message of the inbox in a window of its own. Calls back
 * with what the windows show: subject, author, body. If Thunderbird cannot get the messages it says so in
 * a dialog, and this never calls back.
 */
export const getAndOpenMessages = `
  const [done] = arguments;
  const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
  const { MailUtils } = ChromeUtils.importESModule('resource:///modules/MailUtils.sys.mjs');
  const server = MailServices.accounts.allServers.find((each) => each.type === 'pop3');
  const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);

  const getMessages = () => new Promise((resolve) => {
    const { msgWindow } = Services.wm.getMostRecentWindow('mail:3pane');
    const OnStopRunningUrl = (url, status) => {
      if (Components.isSuccessCode(status)) resolve();
    };
    server.getNewMessages(inbox, msgWindow, { OnStartRunningUrl() {}, OnStopRunningUrl });
  });
  const open = async (header) => {
    const window = MailUtils.openMessageInNewWindow(header);
    await new Promise((loaded) => window.addEventListener('MsgLoaded', loaded, { once: true }));
    const text = window.getBrowser().contentDocument.querySelector('.moz-text-flowed, .moz-text-plain');
    const body = text.textContent;
    window.close();
    return { subject: header.mime2DecodedSubject, author: header.mime2DecodedAuthor, body };
  };
  (async () => {
    await getMessages();
    const shown = [];
    for (const header of inbox.messages) shown.push(await open(header));
    done(shown);
  })();
`;
