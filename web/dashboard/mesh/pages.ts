/** The pages of peers, loaded when one is first opened. */
import './peer-list.ts'
import './peer-page.ts'
