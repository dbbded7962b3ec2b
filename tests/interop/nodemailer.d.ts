/** As much of nodemailer as is used here; it comes without types. */
declare module 'nodemailer' {
  export function createTransport(options: object): {
    sendMail(message: object): Promise<{ accepted: string[]; response: string }>;
    close(): void;
  };
}
