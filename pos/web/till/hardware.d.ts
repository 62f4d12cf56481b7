/** What of WebUSB and Web Serial is used here; TypeScript's own library has neither. */

interface UsbEndpoint {
  endpointNumber: number
  direction: 'in' | 'out'
  type: 'bulk' | 'interrupt' | 'isochronous'
}
interface UsbInterface {
  interfaceNumber: number
  alternates: { interfaceClass: number; endpoints: UsbEndpoint[] }[]
}
interface UsbDevice {
  productName?: string
  opened: boolean
  configuration: { interfaces: UsbInterface[] } | null
  open(): Promise<void>
  selectConfiguration(value: number): Promise<void>
  claimInterface(number: number): Promise<void>
  transferOut(endpoint: number, data: BufferSource): Promise<{ status: string }>
}
interface Usb extends EventTarget {
  getDevices(): Promise<UsbDevice[]>
  requestDevice(options: { filters: { classCode?: number }[] }): Promise<UsbDevice>
}

interface SerialPort {
  readonly writable: WritableStream<Uint8Array> | null
  open(options: { baudRate: number }): Promise<void>
}
interface Serial extends EventTarget {
  getPorts(): Promise<SerialPort[]>
  requestPort(): Promise<SerialPort>
}

interface Navigator {
  /** Only in Chromium, and only on https or localhost. */
  readonly usb?: Usb
  readonly serial?: Serial
}

interface ScreenPlace {
  availLeft: number
  availTop: number
  availWidth: number
  availHeight: number
}
interface Window {
  /** Where the screens are: only in Chromium, and only when the person allows it. */
  getScreenDetails?(): Promise<{ screens: ScreenPlace[]; currentScreen: ScreenPlace }>
}
