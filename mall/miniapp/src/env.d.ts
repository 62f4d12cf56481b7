/// <reference types="@dcloudio/types" />

declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

interface ImportMetaEnv {
  /** Where the weapp finds the server; H5 is served by it. */
  readonly VITE_SERVER?: string
}

interface ImportMeta {
  readonly env: ImportMetaEnv
}

declare const process: { env: { UNI_PLATFORM?: string } }
