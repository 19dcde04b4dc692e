using Amazon.Runtime;
using Amazon.SimpleSystemsManagement;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ssm;

/// <summary>Systems Manager's client of the .NET SDK.</summary>
internal static class SsmClients
{
    /// <summary>A client with an account's root's keys, or temporary ones.</summary>
    public static AmazonSimpleSystemsManagementClient Ssm(
        this TestServer server, string account = TestServer.A, AWSCredentials? keys = null) =>
        new(keys ?? new BasicAWSCredentials(account, "test"), new AmazonSimpleSystemsManagementConfig
        {
            ServiceURL = server.Server.Url, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0,
        });

    /// <summary>Calls, expecting a refusal of this code.</summary>
    public static async Task<string> Refused(string code, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAnyAsync<AmazonServiceException>(call);
        Assert.Equal(code, refusal.ErrorCode);
        return refusal.Message;
    }
}
