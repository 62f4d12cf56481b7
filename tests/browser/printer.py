"""A thermal printer at the browser's edge: what a page writes to `navigator.serial` or `navigator.usb` is kept.

The port is the hardware; everything before it is the till's own.
"""

from __future__ import annotations

from playwright.sync_api import Page

_SERIAL = """(() => {
    const heard = []
    window.__printer = { heard, off: false, opened: 0 }
    const keep = bytes => {
        if (window.__printer.off) throw new DOMException('lost', 'NetworkError')
        heard.push({ at: performance.now(), bytes: Array.from(bytes), rows: window.__rows ? window.__rows() : null })
    }
    const port = { writable: null, async open() {
        if (window.__printer.off) throw new DOMException('off', 'NetworkError')
        window.__printer.opened += 1
        port.writable = { getWriter: () => ({ async write(bytes) { keep(bytes) }, releaseLock() {} }) }
    } }
    const allowed = () => localStorage.getItem('test.allowed') === 'serial'
    const serial = new EventTarget()
    serial.getPorts = async () => allowed() ? [port] : []
    serial.requestPort = async () => { localStorage.setItem('test.allowed', 'serial'); return port }
    Object.defineProperty(navigator, 'serial', { value: serial, configurable: true })
    const device = { productName: 'XP-80', opened: false, configuration: null,
        async open() { if (window.__printer.off) throw new DOMException('off'); device.opened = true },
        async selectConfiguration() { device.configuration = { interfaces: [{ interfaceNumber: 0, alternates: [
            { interfaceClass: 7, endpoints: [{ endpointNumber: 2, direction: 'out', type: 'bulk' }] }] }] } },
        async claimInterface() {},
        async transferOut(endpoint, bytes) { if (endpoint !== 2) throw new Error('endpoint'); keep(bytes)
            return { status: 'ok' } } }
    const usb = new EventTarget()
    const has = () => localStorage.getItem('test.allowed') === 'usb'
    usb.getDevices = async () => has() ? [device] : []
    usb.requestDevice = async () => { localStorage.setItem('test.allowed', 'usb'); return device }
    Object.defineProperty(navigator, 'usb', { value: usb, configurable: true })
})()"""


class Printer:
    """The paper of one page: to be plugged in before the page is opened."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.add_init_script(_SERIAL)

    def heard(self) -> list[bytes]:
        """What came since the page was loaded, a write at a time."""
        return [bytes(one) for one in self.page.evaluate("window.__printer.heard.map(one => one.bytes)")]

    def wait_for(self, writes: int) -> list[bytes]:
        """The same, once so many writes came."""
        self.page.wait_for_function("n => window.__printer.heard.length >= n", arg=writes)
        return self.heard()

    def switch(self, *, on: bool) -> None:
        """Pull its plug, or put it back."""
        self.page.evaluate("on => { window.__printer.off = !on }", on)

    def plug(self) -> None:
        """The browser notices that it is there again."""
        self.page.evaluate("navigator.serial.dispatchEvent(new Event('connect'))")
