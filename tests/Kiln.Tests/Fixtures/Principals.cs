using Amazon.EC2;
using Amazon.KeyManagementService;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace Kiln.Tests.Fixtures;

/// <summary>Roles and users for tests, and clients that act as them.</summary>
public static class Principals
{
    /// <summary>A policy that allows an action on everything.</summary>
    public static string Allow(string action, string resource = "*") =>
        $$"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"{{action}}","Resource":"{{resource}}"}]}
        """;

    /// <summary>A trust policy for an account or another principal.</summary>
    public static string Trust(string principal, string condition = "{}") =>
        $$"""
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"{{principal}}"},
        "Action":"sts:AssumeRole","Condition":{{condition}}}]}
        """;

    /// <summary>An IAM client of an account's root.</summary>
    public static QueryClient Iam(this TestServer server, string account = TestServer.A) =>
        new(server.Server.Url, "iam", "2010-05-08", account, "test");

    /// <summary>Makes a role that an account's principals may assume, with one inline policy; answers its
    /// ARN.</summary>
    public static async Task<string> Role(
        this TestServer server, string account, string name, string? policy = null, string? trust = null)
    {
        var iam = server.Iam(account);
        var made = await iam.Ok(
            "CreateRole", ("RoleName", name), ("AssumeRolePolicyDocument", trust ?? Trust(account)));
        if (policy is not null)
            await iam.Ok("PutRolePolicy", ("RoleName", name), ("PolicyName", "inline"), ("PolicyDocument", policy));
        return made.Descendants("Arn").Single().Value;
    }

    /// <summary>Assumes a role as an account's root.</summary>
    public static async Task<Credentials> Assume(
        this TestServer server, string roleArn, string? account = null, string? policy = null) =>
        (await server.Sts(account ?? roleArn.Split(':')[4]).AssumeRoleAsync(
            new AssumeRoleRequest { RoleArn = roleArn, RoleSessionName = "test", Policy = policy },
            TestContext.Current.CancellationToken)).Credentials;

    /// <summary>A KMS client with temporary keys.</summary>
    public static AmazonKeyManagementServiceClient Kms(
        this TestServer server, Credentials keys, string region = "us-east-1") =>
        new(keys, server.Config(new AmazonKeyManagementServiceConfig(), region));

    /// <summary>An STS client with temporary keys.</summary>
    public static AmazonSecurityTokenServiceClient Sts(this TestServer server, Credentials keys) =>
        new(keys, server.Config(new AmazonSecurityTokenServiceConfig(), "us-east-1"));

    /// <summary>An EC2 client with temporary keys.</summary>
    public static AmazonEC2Client Ec2(this TestServer server, Credentials keys, string region = "us-east-1") =>
        new(keys, server.Config(new AmazonEC2Config(), region));

    private static TConfig Config<TConfig>(this TestServer server, TConfig config, string region)
        where TConfig : ClientConfig
    {
        config.ServiceURL = server.Server.Url;
        config.AuthenticationRegion = region;
        config.MaxErrorRetry = 0;
        return config;
    }
}
