// The part of unorm that is used; the package comes without types.
declare module 'unorm' {
  const forms: Record<'nfc' | 'nfd' | 'nfkc' | 'nfkd', (text: string) => string>;
  export default forms;
}
