using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Sts;

public sealed class GetCallerIdentityTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tells_the_root_of_an_account_who_it_is()
    {
        var answer = await server.Sts(TestServer.B).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);

        Assert.Equal(TestServer.B, answer.Account);
        Assert.Equal($"arn:aws:iam::{TestServer.B}:root", answer.Arn);
    }

    [Fact]
    public async Task Refuses_a_wrong_secret()
    {
        using var client = new AmazonSecurityTokenServiceClient(
            new BasicAWSCredentials(TestServer.A, "wrong"),
            new AmazonSecurityTokenServiceConfig { ServiceURL = server.Server.Url, AuthenticationRegion = "us-east-1",
                MaxErrorRetry = 0 });

        var refusal = await Assert.ThrowsAsync<AmazonSecurityTokenServiceException>(
            () => client.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel));

        Assert.Equal("SignatureDoesNotMatch", refusal.ErrorCode);
    }

    [Fact]
    public async Task The_first_start_writes_credentials_that_work()
    {
        var file = await File.ReadAllLinesAsync(Path.Combine(server.DataFolder, "credentials"), Cancel);
        using var client = new AmazonSecurityTokenServiceClient(
            new BasicAWSCredentials(file[1].Split(" = ")[1], file[2].Split(" = ")[1]),
            new AmazonSecurityTokenServiceConfig { ServiceURL = server.Server.Url,
                AuthenticationRegion = "us-east-1" });

        var answer = await client.GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);

        Assert.Equal(server.Server.First!.AccountId, answer.Account);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode(Path.Combine(server.DataFolder, "credentials")));
    }
}
