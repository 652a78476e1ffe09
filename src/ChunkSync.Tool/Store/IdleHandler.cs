using System.Net;

namespace ChunkSync.Tool;

/// <summary>Ends a request for which nothing has moved for some time: no byte of it went out, and no answer came.</summary>
/// <param name="limit">The time.</param>
/// <param name="inner">Sends it.</param>
internal sealed class IdleHandler(TimeSpan limit, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <inheritdoc/>
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using IdleWatch watch = new(limit, cancellationToken);
        HttpContent? body = request.Content;
        request.Content = body == null ? null : new WatchedContent(body, watch);
        try
        {
            return await base.SendAsync(request, watch.Token);
        }
        catch (OperationCanceledException failure) when (watch.IsOver)
        {
            throw new HttpRequestException(watch.Text, failure);
        }
        finally
        {
            request.Content = body;
        }
    }

    /// <summary>A body that tells the watch of each piece that goes out.</summary>
    private sealed class WatchedContent : HttpContent
    {
        private const int Piece = 65_536;

        private readonly HttpContent body;
        private readonly IdleWatch watch;

        public WatchedContent(HttpContent body, IdleWatch watch)
        {
            (this.body, this.watch) = (body, watch);
            foreach ((string name, IEnumerable<string> values) in body.Headers)
            {
                Headers.TryAddWithoutValidation(name, values);
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            // The vendor's stream is read by whoever sends it, and stays with who made it.
            Stream source = await body.ReadAsStreamAsync(cancellationToken);
            byte[] piece = new byte[Piece];
            int read;
            while ((read = await source.ReadAsync(piece, cancellationToken)) > 0)
            {
                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken);
                watch.Restart();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = body.Headers.ContentLength ?? 0;
            return body.Headers.ContentLength != null;
        }
    }
}
