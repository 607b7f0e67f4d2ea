"""The types and fields that the simulator has of GitHub's GraphQL schema.

A test holds it against GitHub's public schema: each name here is there too, with the
same type.
"""

SCHEMA = """
scalar BigInt
scalar DateTime
scalar GitObjectID
scalar URI

enum DiffSide { LEFT RIGHT }
enum PullRequestReviewCommentState { PENDING SUBMITTED }
enum PullRequestReviewEvent { APPROVE COMMENT DISMISS REQUEST_CHANGES }
enum PullRequestReviewState {
  APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING
}
enum PullRequestReviewThreadSubjectType { FILE LINE }
enum PullRequestState { CLOSED MERGED OPEN }

interface Node { id: ID! }
interface GitObject { id: ID! oid: GitObjectID! }
interface Actor { login: String! url: URI! }

type PageInfo {
  endCursor: String
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
}
type RateLimit {
  cost: Int! limit: Int! nodeCount: Int! remaining: Int! resetAt: DateTime! used: Int!
}
type User implements Node & Actor {
  id: ID! databaseId: Int login: String! url: URI!
}
type Bot implements Node & Actor {
  id: ID! databaseId: Int login: String! url: URI!
}
type Commit implements Node & GitObject { id: ID! oid: GitObjectID! }
type Tree implements Node & GitObject { id: ID! oid: GitObjectID! }
type Blob implements Node & GitObject {
  id: ID!
  oid: GitObjectID!
  byteSize: Int!
  isBinary: Boolean
  isTruncated: Boolean!
  text: String
}
type Repository implements Node {
  id: ID!
  databaseId: Int
  name: String!
  nameWithOwner: String!
  url: URI!
  object(expression: String oid: GitObjectID): GitObject
  pullRequest(number: Int!): PullRequest
}
type PullRequest implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  number: Int!
  title: String!
  body: String!
  author: Actor
  state: PullRequestState!
  isDraft: Boolean!
  closed: Boolean!
  merged: Boolean!
  url: URI!
  headRefName: String!
  headRefOid: GitObjectID!
  baseRefName: String!
  baseRefOid: GitObjectID!
  repository: Repository!
  reviews(
    first: Int after: String last: Int before: String
    author: String states: [PullRequestReviewState!]
  ): PullRequestReviewConnection
  reviewThreads(
    first: Int after: String last: Int before: String
  ): PullRequestReviewThreadConnection!
}
type PullRequestReviewConnection {
  nodes: [PullRequestReview] pageInfo: PageInfo! totalCount: Int!
}
type PullRequestReview implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  author: Actor
  body: String!
  state: PullRequestReviewState!
  submittedAt: DateTime
  url: URI!
  commit: Commit
  pullRequest: PullRequest!
  comments(
    first: Int after: String last: Int before: String
  ): PullRequestReviewCommentConnection!
}
type PullRequestReviewThreadConnection {
  nodes: [PullRequestReviewThread] pageInfo: PageInfo! totalCount: Int!
}
type PullRequestReviewThread implements Node {
  id: ID!
  path: String!
  line: Int
  startLine: Int
  originalLine: Int
  originalStartLine: Int
  diffSide: DiffSide!
  startDiffSide: DiffSide
  subjectType: PullRequestReviewThreadSubjectType!
  isCollapsed: Boolean!
  isOutdated: Boolean!
  isResolved: Boolean!
  resolvedBy: User
  viewerCanReply: Boolean!
  viewerCanResolve: Boolean!
  viewerCanUnresolve: Boolean!
  pullRequest: PullRequest!
  repository: Repository!
  comments(
    first: Int after: String last: Int before: String
  ): PullRequestReviewCommentConnection!
}
type PullRequestReviewCommentConnection {
  nodes: [PullRequestReviewComment] pageInfo: PageInfo! totalCount: Int!
}
type PullRequestReviewComment implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  author: Actor
  body: String!
  path: String!
  line: Int
  startLine: Int
  originalLine: Int
  originalStartLine: Int
  diffHunk: String!
  outdated: Boolean!
  state: PullRequestReviewCommentState!
  subjectType: PullRequestReviewThreadSubjectType!
  createdAt: DateTime!
  updatedAt: DateTime!
  url: URI!
  commit: Commit
  originalCommit: Commit
  replyTo: PullRequestReviewComment
  pullRequestReview: PullRequestReview
  pullRequest: PullRequest!
}

input DraftPullRequestReviewThread {
  body: String!
  line: Int!
  path: String!
  side: DiffSide = RIGHT
  startLine: Int
  startSide: DiffSide = RIGHT
}
input AddPullRequestReviewInput {
  body: String
  clientMutationId: String
  commitOID: GitObjectID
  event: PullRequestReviewEvent
  pullRequestId: ID!
  threads: [DraftPullRequestReviewThread]
}
input AddPullRequestReviewThreadInput {
  body: String!
  clientMutationId: String
  line: Int
  path: String!
  pullRequestId: ID
  pullRequestReviewId: ID
  side: DiffSide = RIGHT
  startLine: Int
  startSide: DiffSide = RIGHT
  subjectType: PullRequestReviewThreadSubjectType = LINE
}
input AddPullRequestReviewThreadReplyInput {
  body: String!
  clientMutationId: String
  pullRequestReviewId: ID
  pullRequestReviewThreadId: ID!
}
input SubmitPullRequestReviewInput {
  body: String
  clientMutationId: String
  event: PullRequestReviewEvent!
  pullRequestId: ID
  pullRequestReviewId: ID
}
input DeletePullRequestReviewInput {
  clientMutationId: String
  pullRequestReviewId: ID!
}
input ResolveReviewThreadInput { clientMutationId: String threadId: ID! }
input UnresolveReviewThreadInput { clientMutationId: String threadId: ID! }

type AddPullRequestReviewPayload {
  clientMutationId: String pullRequestReview: PullRequestReview
}
type AddPullRequestReviewThreadPayload {
  clientMutationId: String thread: PullRequestReviewThread
}
type AddPullRequestReviewThreadReplyPayload {
  clientMutationId: String comment: PullRequestReviewComment
}
type SubmitPullRequestReviewPayload {
  clientMutationId: String pullRequestReview: PullRequestReview
}
type DeletePullRequestReviewPayload {
  clientMutationId: String pullRequestReview: PullRequestReview
}
type ResolveReviewThreadPayload {
  clientMutationId: String thread: PullRequestReviewThread
}
type UnresolveReviewThreadPayload {
  clientMutationId: String thread: PullRequestReviewThread
}

type Query {
  node(id: ID!): Node
  rateLimit(dryRun: Boolean = false): RateLimit
  repository(
    followRenames: Boolean = true name: String! owner: String!
  ): Repository
  viewer: User!
}
type Mutation {
  addPullRequestReview(
    input: AddPullRequestReviewInput!
  ): AddPullRequestReviewPayload
  addPullRequestReviewThread(
    input: AddPullRequestReviewThreadInput!
  ): AddPullRequestReviewThreadPayload
  addPullRequestReviewThreadReply(
    input: AddPullRequestReviewThreadReplyInput!
  ): AddPullRequestReviewThreadReplyPayload
  deletePullRequestReview(
    input: DeletePullRequestReviewInput!
  ): DeletePullRequestReviewPayload
  resolveReviewThread(
    input: ResolveReviewThreadInput!
  ): ResolveReviewThreadPayload
  submitPullRequestReview(
    input: SubmitPullRequestReviewInput!
  ): SubmitPullRequestReviewPayload
  unresolveReviewThread(
    input: UnresolveReviewThreadInput!
  ): UnresolveReviewThreadPayload
}
"""
