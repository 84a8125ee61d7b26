/** The pages of workflows, loaded when one is first opened. */
import './workflow-list.ts'
import './workflow-page.ts'
