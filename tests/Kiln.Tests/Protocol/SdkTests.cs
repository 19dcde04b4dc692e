using System.Net;
using System.Net.Http.Headers;
using Amazon.EC2;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Protocol.Signing;

namespace Kiln.Tests.Protocol;

/// <summary>The AWS SDK signs and parses; our signing and codecs stand on the other side, without a socket.</summary>
public class SdkTests
{
    private static readonly SessionAWSCredentials Credentials = new("AKIDEXAMPLE", "secret/+", "token==");

    public sealed record DescribeRegions
    {
        [Wire("RegionName")] public IReadOnlyList<string> RegionNames { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool? AllRegions { get; init; }
    }

    public sealed record Filter
    {
        public required string Name { get; init; }
        [Wire("Value")] public IReadOnlyList<string> Values { get; init; } = [];
    }

    public sealed record Regions([property: Wire("regionInfo")] IReadOnlyList<Region> Found);

    public sealed record Region(string RegionName, [property: Wire("regionEndpoint")] string Endpoint);

    public sealed record DescribeKey(string KeyId);

    public sealed record DescribedKey(KeyMetadata KeyMetadata);

    public sealed record KeyMetadata(string KeyId, DateTimeOffset CreationDate, bool Enabled);

    public sealed record GetCallerIdentity;

    public sealed record Identity(string UserId, string Account, string Arn);

    [Fact]
    public async Task Ec2()
    {
        using var client = new AmazonEC2Client(Credentials, Config<AmazonEC2Config>(
            new Ec2QueryCodec("http://ec2.amazonaws.com/doc/2016-11-15/"),
            new OperationShape("DescribeRegions", typeof(DescribeRegions), typeof(Regions)),
            request => ((DescribeRegions)request).RegionNames is ["nowhere"]
                ? throw new AwsException("InvalidParameterValue", 400, "Invalid region <nowhere>")
                : new Regions([new Region(string.Join('&', ((DescribeRegions)request).Filters[0].Values), "ec2")])));
        var found = await client.DescribeRegionsAsync(new()
        {
            RegionNames = ["a b", "é+"], Filters = [new("opt-in-status", ["x<y", "z"])],
        }, TestContext.Current.CancellationToken);
        Assert.Equal("x<y&z", found.Regions.Single().RegionName);

        var error = await Assert.ThrowsAsync<AmazonEC2Exception>(() =>
            client.DescribeRegionsAsync(new() { RegionNames = ["nowhere"] }, TestContext.Current.CancellationToken));
        Assert.Equal(("InvalidParameterValue", "Invalid region <nowhere>", HttpStatusCode.BadRequest, "r-1"),
            (error.ErrorCode, error.Message, error.StatusCode, error.RequestId));
    }

    [Fact]
    public async Task Kms()
    {
        var created = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        using var client = new AmazonKeyManagementServiceClient(Credentials, Config<AmazonKeyManagementServiceConfig>(
            new JsonCodec("1.1", "TrentService"),
            new OperationShape("DescribeKey", typeof(DescribeKey), typeof(DescribedKey)),
            request => ((DescribeKey)request).KeyId == "none"
                ? throw new AwsException("NotFoundException", 400, "Invalid keyId 'none'")
                : new DescribedKey(new KeyMetadata(((DescribeKey)request).KeyId, created, true))));
        var found = await client.DescribeKeyAsync("alias/é\"", TestContext.Current.CancellationToken);
        Assert.Equal("alias/é\"", found.KeyMetadata.KeyId);
        Assert.Equal(created.UtcDateTime, found.KeyMetadata.CreationDate!.Value.ToUniversalTime());

        var error = await Assert.ThrowsAsync<Amazon.KeyManagementService.Model.NotFoundException>(() =>
            client.DescribeKeyAsync("none", TestContext.Current.CancellationToken));
        Assert.Equal("Invalid keyId 'none'", error.Message);
    }

    [Fact]
    public async Task Sts()
    {
        using var client = new AmazonSecurityTokenServiceClient(Credentials, Config<AmazonSecurityTokenServiceConfig>(
            new QueryCodec("2011-06-15", "https://sts.amazonaws.com/doc/2011-06-15/"),
            new OperationShape("GetCallerIdentity", typeof(GetCallerIdentity), typeof(Identity)),
            _ => new Identity("AIDA", "000000000000", "arn:aws:iam::000000000000:root")));
        var found = await client.GetCallerIdentityAsync(new(), TestContext.Current.CancellationToken);
        Assert.Equal(
            ("AIDA", "000000000000", "arn:aws:iam::000000000000:root"), (found.UserId, found.Account, found.Arn));
        Assert.Equal("r-1", found.ResponseMetadata.RequestId);
    }

    [Fact]
    public async Task Own_signer_signs_an_http_request()
    {
        const string uri = "http://localhost:4566/snapshots/snap-1/blocks/0?a=b%20c";
        using var request = new HttpRequestMessage(HttpMethod.Put, uri)
        {
            Content = new ByteArrayContent([1, 2, 3]),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        request.Headers.Add("x-amz-Checksum", "abc");
        var now = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        var signer = new Signer("AKIDEXAMPLE", "secret/+", "token==", "us-east-1", "ebs");
        signer.Sign(request, new byte[] { 1, 2, 3 }, now);
        var wire = await Wire(request);
        var claim = SigV4.ReadClaim(wire)!;
        SigV4.Verify(claim, wire, "secret/+", now);
        Assert.Contains("x-amz-checksum", claim.SignedHeaders);
        Assert.Equal("token==", claim.SessionToken);
    }

    private static T Config<T>(ICodec codec, OperationShape operation, Func<object, object> handle)
        where T : ClientConfig, new() => new()
    {
        ServiceURL = "http://localhost:4566",
        AuthenticationRegion = "eu-west-1",
        MaxErrorRetry = 0,
        HttpClientFactory = new Factory(new Server(codec, operation, handle)),
    };

    private static async Task<WireRequest> Wire(HttpRequestMessage request)
    {
        var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .ToDictionary(h => h.Key.ToLowerInvariant(), h => string.Join(',', h.Value));
        headers.TryAdd("host", request.RequestUri!.Authority);
        return new WireRequest
        {
            Method = request.Method.Method,
            Path = request.RequestUri.AbsolutePath,
            QueryString = request.RequestUri.Query.TrimStart('?'),
            Headers = headers,
            Body = request.Content is null ? Array.Empty<byte>() : await request.Content.ReadAsByteArrayAsync(),
        };
    }

    private sealed class Factory(HttpMessageHandler handler) : HttpClientFactory
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(handler, disposeHandler: false);

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public override string GetConfigUniqueString(IClientConfig clientConfig) => "kiln";
    }

    private sealed class Server(ICodec codec, OperationShape operation, Func<object, object> handle)
        : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var wire = await Wire(request);
            var claim = SigV4.ReadClaim(wire)!;
            SigV4.Verify(claim, wire, "secret/+", TimeProvider.System.GetUtcNow());
            Assert.Equal(("eu-west-1", "token=="), (claim.Region, claim.SessionToken));
            Assert.Equal(operation.Name, codec.OperationName(wire));
            using var answer = Answer(wire);
            var response = new HttpResponseMessage((HttpStatusCode)answer.Status)
            {
                Content = new ByteArrayContent(answer.Body.ToArray()),
            };
            response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(answer.ContentType!);
            foreach (var (name, value) in answer.Headers) response.Headers.TryAddWithoutValidation(name, value);
            return response;
        }

        private WireResponse Answer(WireRequest wire)
        {
            try
            {
                return codec.Write(handle(codec.Read(wire, operation)), operation, "r-1");
            }
            catch (AwsException error)
            {
                return codec.WriteError(error, "r-1");
            }
        }
    }
}
