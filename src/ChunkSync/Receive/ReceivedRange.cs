using ChunkSync.Chunks;

namespace ChunkSync.Receive;

/// <summary>A part of a sender's stream that has arrived.</summary>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends; what is at this cursor has not arrived.</param>
/// <param name="Last">The position of the last change in it (its offset is 0); null when none is known.</param>
internal readonly record struct ReceivedRange(ResumePoint From, ResumePoint To, ResumePoint? Last);
