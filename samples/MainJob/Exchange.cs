namespace ChunkSync.Samples.MainJob;

/// <summary>A bad network: chunks come in any order, some twice, some never; those are asked for again until nobody misses anything.</summary>
/// <param name="replicas">All send to all.</param>
/// <param name="random">Decides about the order, losses and repeats.</param>
/// <param name="versions">How many versions a replica writes before it sends.</param>
/// <param name="arrived">Called when a replica has taken a chunk, or null.</param>
internal sealed class Exchange(IReadOnlyList<Replica> replicas, Random random, long versions, Action<Replica>? arrived = null)
{
    private const int OneIn = 8;

    /// <summary>Chunks that arrived.</summary>
    public int Delivered { get; private set; }

    /// <summary>Chunks that did not.</summary>
    public int Lost { get; private set; }

    /// <summary>Chunks that arrived twice.</summary>
    public int Repeated { get; private set; }

    /// <summary>Sends everything that was written, and what got lost again and again.</summary>
    public void Run()
    {
        List<(Replica Receiver, Chunk Chunk)> onTheWay = [.. replicas.SelectMany(sender => sender.Send(versions)
            .SelectMany(chunk => replicas.Where(receiver => receiver != sender).Select(receiver => (receiver, chunk))))];
        while (onTheWay.Count > 0)
        {
            Deliver(onTheWay);
            onTheWay = [.. replicas.SelectMany(receiver => replicas.Where(sender => sender != receiver)
                .SelectMany(sender => receiver.Gaps(sender).SelectMany(gap => sender.Resend(gap.From, gap.End)))
                .Select(chunk => (receiver, chunk)))];
        }
    }

    private void Deliver(List<(Replica Receiver, Chunk Chunk)> chunks)
    {
        List<(Replica Receiver, Chunk Chunk)> sent = [];
        foreach ((Replica receiver, Chunk chunk) in chunks)
        {
            int luck = random.Next(OneIn);
            int times = luck == 0 ? 0 : luck == 1 ? 2 : 1;
            sent.AddRange(Enumerable.Repeat((receiver, chunk), times));
            Lost += times == 0 ? 1 : 0;
            Repeated += times == 2 ? 1 : 0;
        }

        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(sent));
        foreach ((Replica receiver, Chunk chunk) in sent)
        {
            receiver.Receive(chunk);
            arrived?.Invoke(receiver);
            Delivered++;
        }
    }
}
