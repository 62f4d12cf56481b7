/** Where a picture named by the server is found: a path stays as it is, a bare name is one of ours. */
export function pictureAddress(picture: string): string {
  if (!picture || /^(\/|https?:)/.test(picture)) return picture
  return `/pictures/${picture}${picture.includes('.') ? '' : '.svg'}`
}
