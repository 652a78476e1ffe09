using Amazon.Runtime;

namespace ChunkSync.Tool;

/// <summary>Makes the client that the vendor's one sends with: with a limit for silence instead of one for the whole request, which a large chunk on a slow line may exceed.</summary>
/// <param name="limit">How long nothing may move.</param>
internal sealed class IdleClientFactory(TimeSpan limit) : HttpClientFactory
{
    /// <inheritdoc/>
    public override HttpClient CreateHttpClient(IClientConfig clientConfig)
    {
        SocketsHttpHandler sockets = new() { AllowAutoRedirect = false, UseCookies = false };
        return new HttpClient(new IdleHandler(limit, sockets)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc/>
    public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => true;

    /// <inheritdoc/>
    public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

    /// <inheritdoc/>
    public override string GetConfigUniqueString(IClientConfig clientConfig) => limit.ToString();
}
