/** How paper comes out: by the browser's own printing, or by bytes to a thermal printer on USB or a serial port. */
export type Way = 'browser' | 'usb' | 'serial'

/** Sends bytes to the printer, or throws when it is not there. */
export type Send = (bytes: Uint8Array) => Promise<void>

/** The printer is switched off, unplugged or not allowed. */
export class PrinterAway extends Error {}

const PRINTERS = 7
const WITHIN_MS = 8000

/** What this browser can do. */
export function ways(): Way[] {
  const found: Way[] = ['browser']
  if (navigator.usb) found.push('usb')
  if (navigator.serial) found.push('serial')
  return found
}

/** Let the person choose one of the printers there are; needs a click. False when they chose none. */
export async function choose(way: Way): Promise<boolean> {
  try {
    if (way === 'usb') await navigator.usb?.requestDevice({ filters: [{ classCode: PRINTERS }] })
    if (way === 'serial') await navigator.serial?.requestPort()
    return true
  } catch {
    return false
  }
}

/** Told when a printer is plugged in. */
export function whenPlugged(listener: () => void): void {
  navigator.usb?.addEventListener('connect', listener)
  navigator.serial?.addEventListener('connect', listener)
}

/** Send to the printer that was chosen before; the browser remembers which. */
export function sender(way: Exclude<Way, 'browser'>, baudRate: number): Send {
  const send = way === 'usb' ? toUsb : (bytes: Uint8Array) => toSerial(bytes, baudRate)
  return async (bytes) => {
    try {
      await within(send(bytes))
    } catch (error) {
      throw error instanceof PrinterAway ? error : new PrinterAway(String(error))
    }
  }
}

/** A printer without paper takes no more bytes and says nothing. */
function within(sending: Promise<void>): Promise<void> {
  return new Promise((done, failed) => {
    const late = setTimeout(() => failed(new PrinterAway('late')), WITHIN_MS)
    void sending.then(done, failed).finally(() => clearTimeout(late))
  })
}

async function toUsb(bytes: Uint8Array): Promise<void> {
  const [device] = (await navigator.usb?.getDevices()) ?? []
  if (!device) throw new PrinterAway('none')
  if (!device.opened) await device.open()
  if (!device.configuration) await device.selectConfiguration(1)
  for (const { interfaceNumber, alternates } of device.configuration?.interfaces ?? []) {
    const printer = alternates.find((one) => one.interfaceClass === PRINTERS)
    const out = printer?.endpoints.find((one) => one.direction === 'out' && one.type === 'bulk')
    if (!out) continue
    await device.claimInterface(interfaceNumber)
    const { status } = await device.transferOut(out.endpointNumber, bytes as BufferSource)
    if (status !== 'ok') throw new PrinterAway(status)
    return
  }
  throw new PrinterAway('no printer')
}

async function toSerial(bytes: Uint8Array, baudRate: number): Promise<void> {
  const [port] = (await navigator.serial?.getPorts()) ?? []
  if (!port) throw new PrinterAway('none')
  if (!port.writable) await port.open({ baudRate })
  const writer = port.writable?.getWriter()
  if (!writer) throw new PrinterAway('not open')
  try {
    await writer.write(bytes)
  } finally {
    writer.releaseLock()
  }
}
