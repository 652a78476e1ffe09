using ChunkSync.Tests.Merge;

namespace ChunkSync.Tests.Histories;

/// <summary>What a <see cref="ReplicaObserver"/> comes back to when a transaction or a savepoint is rolled back.</summary>
internal sealed record ObserverState(ReplicaView View, NaiveReplica Model, HashSet<(string, string)> NotCaptured, HashSet<(string, string)> Gone);
