using System.Net;
using System.Runtime.CompilerServices;
using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace ChunkSync.Tool;

/// <summary>A chunk store behind an S3 API. Keys, region and endpoint come from where the vendor's client looks for them: environment variables, profiles.</summary>
internal sealed class S3Store : IChunkStore
{
    /// <summary>The region that requests are signed for where none is configured: servers of one's own mostly do not look at it.</summary>
    private const string DefaultRegion = "us-east-1";

    private const string Cure = "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or AWS_ENDPOINT_URL for a server of your own";

    private const string AgainCure = "run the command again";

    /// <summary>How long a server may send nothing, before the answer and in the middle of an object. The client's own limit is for all of a request, however long it is, and ends
    /// where the object begins.</summary>
    private static readonly TimeSpan DefaultIdleLimit = TimeSpan.FromMinutes(1);

    private readonly AmazonS3Client client;
    private readonly TimeSpan idleLimit;
    private readonly bool isOwner;
    private readonly string bucket;
    private readonly string prefix;

    /// <summary>Takes a part of a bucket.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="prefix">What the names of all objects begin with, without a slash at its ends; empty for nothing.</param>
    /// <param name="idleLimit">How long a server may send nothing; null for a minute.</param>
    /// <exception cref="ToolException">What is configured cannot be used.</exception>
    public S3Store(string bucket, string prefix, TimeSpan? idleLimit = null)
        : this(Connect(bucket, idleLimit ?? DefaultIdleLimit), true, bucket, prefix, idleLimit ?? DefaultIdleLimit)
    {
    }

    private S3Store(AmazonS3Client client, bool isOwner, string bucket, string prefix, TimeSpan idleLimit)
    {
        this.client = client;
        this.idleLimit = idleLimit;
        this.isOwner = isOwner;
        this.bucket = bucket;
        this.prefix = prefix.Length == 0 ? "" : prefix + "/";
        Address = prefix.Length == 0 ? $"s3://{bucket}" : $"s3://{bucket}/{prefix}";
    }

    /// <inheritdoc/>
    public string Address { get; }

    /// <inheritdoc/>
    public IChunkStore Folder(string name)
    {
        StoreNames.Check(name);
        return new S3Store(client, false, bucket, prefix + name, idleLimit);
    }

    /// <inheritdoc/>
    public Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) => TryAsync(name, async key =>
    {
        using MemoryStream body = Stream(content);
        PutObjectRequest request = new() { BucketName = bucket, Key = key, InputStream = body, AutoCloseStream = false, UseChunkEncoding = false };
        PutObjectResponse response = await client.PutObjectAsync(request, cancellation);

        // Every such server gives one. A proxy or a page to log in at answers 200 as well, and keeps nothing.
        return !string.IsNullOrEmpty(response.ETag)
            ? true
            : throw new ToolException(ExitCode.InputOutput, $"s3://{bucket}/{key}", "the answer is not that of a server with an S3 API (it has no ETag)", Cure);
    });

    /// <inheritdoc/>
    public Task<byte[]?> ReadAsync(string name, long offset, int length, CancellationToken cancellation) => TryAsync(name, async key =>
    {
        if (length == 0)
        {
            return [];
        }

        try
        {
            GetObjectRequest request = new() { BucketName = bucket, Key = key, ByteRange = new ByteRange(offset, offset + length - 1) };
            using GetObjectResponse response = await client.GetObjectAsync(request, cancellation);
            byte[] bytes = new byte[Math.Clamp(response.ContentLength, 0, length)];
            int read = await FillAsync(response.ResponseStream, bytes, cancellation);
            return read == bytes.Length ? bytes : bytes[..read];
        }
        catch (AmazonS3Exception failure) when (failure.ErrorCode == "NoSuchKey"
            || (failure.StatusCode == HttpStatusCode.NotFound && failure.ErrorCode != "NoSuchBucket"))
        {
            return null;
        }
        catch (AmazonS3Exception failure) when (failure.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            return (byte[]?)[];
        }
    });

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellation) =>
        TryAsync(name, async key => await client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = bucket, Key = key }, cancellation));

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string start = folder.Length == 0 ? prefix : $"{prefix}{folder}/";
        string? page = null;
        do
        {
            ListObjectsV2Request request = new() { BucketName = bucket, Prefix = start, Delimiter = "/", ContinuationToken = page };
            ListObjectsV2Response response = await TryAsync(folder, _ => client.ListObjectsV2Async(request, cancellation), isFolder: true);
            foreach (S3Object found in response.S3Objects ?? [])
            {
                if (found.Key.Length > start.Length)
                {
                    yield return found.Key[start.Length..];
                }
            }

            foreach (string found in response.CommonPrefixes ?? [])
            {
                yield return found[start.Length..];
            }

            page = response.IsTruncated == true ? response.NextContinuationToken : null;
        }
        while (page != null);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (isOwner)
        {
            client.Dispose();
        }
    }

    private static AmazonS3Client Connect(string bucket, TimeSpan idleLimit)
    {
        try
        {
            return new AmazonS3Client(Configure(idleLimit));
        }
        catch (Exception failure) when (failure is AmazonClientException or ArgumentException or UriFormatException)
        {
            throw new ToolException(ExitCode.Usage, $"s3://{bucket}", FirstLine(failure.Message), Cure);
        }
    }

    /// <summary>Only what every server with this API understands: no checksums in trailers, no host names made of buckets.</summary>
    private static AmazonS3Config Configure(TimeSpan idleLimit)
    {
        string? endpoint = Variable("AWS_ENDPOINT_URL_S3") ?? Variable("AWS_ENDPOINT_URL"), region = Variable("AWS_REGION") ?? Variable("AWS_DEFAULT_REGION");
        AmazonS3Config config = new()
        {
            ForcePathStyle = endpoint != null,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            HttpClientFactory = new IdleClientFactory(idleLimit),
        };
        if (endpoint != null)
        {
            config.ServiceURL = endpoint;
            config.AuthenticationRegion = region ?? DefaultRegion;
        }
        else if (region == null && config.RegionEndpoint == null)
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(DefaultRegion);
        }

        return config;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static MemoryStream Stream(ReadOnlyMemory<byte> content) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out ArraySegment<byte> array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd('\r', '.', ':');

    private async Task<int> FillAsync(Stream source, byte[] bytes, CancellationToken cancellation)
    {
        using IdleWatch watch = new(idleLimit, cancellation);
        try
        {
            int length = 0, read;
            do
            {
                watch.Restart();
                read = await source.ReadAsync(bytes.AsMemory(length), watch.Token);
                length += read;
            }
            while (read > 0 && length < bytes.Length);

            return length;
        }
        catch (OperationCanceledException) when (watch.IsOver)
        {
            throw new IOException(watch.Text);
        }
    }

    private async Task<T> TryAsync<T>(string name, Func<string, Task<T>> call, bool isFolder = false)
    {
        if (!isFolder)
        {
            StoreNames.Check(name);
        }

        try
        {
            return await call(prefix + name);
        }
        catch (Exception failure) when (failure is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or WebException)
        {
            string code = failure is AmazonServiceException { ErrorCode: { Length: > 0 } error } ? error + ", " : "";
            throw new ToolException(ExitCode.InputOutput, $"s3://{bucket}/{prefix}{name}", code + FirstLine(failure.Message), CureOf(failure));
        }
    }

    /// <summary>Whoever answered, and with what: keys and endpoint are right where the failure came later.</summary>
    private static string? CureOf(Exception failure) => failure switch
    {
        AmazonServiceException => null,
        IOException or HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.Unknown } => AgainCure,
        _ => failure.InnerException is HttpRequestException or IOException ? CureOf(failure.InnerException) : Cure,
    };
}
