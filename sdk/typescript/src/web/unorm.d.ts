// What is used of unorm, which comes without types.
declare module 'unorm' {
  const forms: Record<'nfc' | 'nfd' | 'nfkc' | 'nfkd', (text: string) => string>;
  export default forms;
}
