// Package redislog keeps a transports.Log in Redis, so that many nodes serve the same topics: a
// private redis-server, miniredis embedded in this process, or a server, a Sentinel group or a
// cluster that is there ([Open]).
//
// # Appending
//
// One Lua script checks the ID, gives out the next offset, adds the entry to a stream under the ID
// offset-0, and publishes it: append first, publish second, because PUBLISH works where XADD is
// refused. Concurrent appends share one pipeline ([Log.Append]).
//
// # Reading
//
// A process has one subscriber connection (on a cluster, one per master). A topic that somebody reads
// or waits for is followed: its newest messages are kept in a window in memory, which live messages
// extend and every subscriber reads, so that reading does not touch Redis. A published message is the
// whole entry with its position, so nothing has to be read back.
//
// A window is compared with the store when its subscription begins, whenever a live message does not
// follow on the one before, and every few seconds: a message that was missed, a connection that was
// lost, or an epoch that changed is either healed from the stream or shows as a *transports.GapError.
// A cursor that the window cannot judge, because it is older, ahead, or of another epoch, is judged
// by the store. Nothing is passed over in silence.
//
// # What is kept where
//
// For the topic T (with the prefix "tl"): the hash tl:{T} with epoch, last offset and a generation of
// IDs, whose name is also the channel's; the stream tl:{T}:s; the hash tl:{T}:i with the generation of
// IDs before. All expire when nothing is appended for Options.TTL.
// A stream that was lost or evicted, and a store whose offsets went backwards (a restart from an old
// file, a failover to a replica that lagged), get a new epoch. When only the end was lost, what is
// left is kept, so that nothing that survived is lost for those who had not read it; in the new epoch
// it is read again.
//
// # What an append promises
//
// That the script ran. What Redis itself may lose afterwards it loses: everything with a private
// server or miniredis when this process ends; about a second with an append-only file and
// appendfsync everysec when the machine dies; what was not yet replicated when Sentinel or a cluster
// fails over (min-replicas-to-write narrows that).
package redislog
