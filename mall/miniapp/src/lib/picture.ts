import { platform } from '../platform'

/** Where a picture named by the server is found. */
export function pictureAddress(picture: string): string {
  return picture.startsWith('/') ? platform.server + picture : picture
}
