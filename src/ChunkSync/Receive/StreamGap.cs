using ChunkSync.Chunks;

namespace ChunkSync.Receive;

/// <summary>A part of a sender's stream that has not arrived.</summary>
/// <param name="Site">The sender.</param>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends; null for the open end of the stream.</param>
internal sealed record StreamGap(byte[] Site, ResumePoint From, ResumePoint? To);
