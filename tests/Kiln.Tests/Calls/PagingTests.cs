using CsCheck;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Calls;

public sealed class PagingTests(TestServer server) : IClassFixture<TestServer>
{
    private Paging Paging => server.Server.Services.GetRequiredService<Paging>();

    [Fact]
    public void A_token_is_good_for_its_own_operation_account_and_Region_only()
    {
        var token = Paging.Seal("ami-0123", CallOf());

        Assert.Equal("ami-0123", Paging.Open(token, CallOf()));
        Assert.Equal("InvalidNextToken", Refusal(token, CallOf(operation: "DescribeSnapshots")));
        Assert.Equal("InvalidNextToken", Refusal(token, CallOf(account: TestServer.B)));
        Assert.Equal("InvalidNextToken", Refusal(token, CallOf(region: "eu-west-1")));
    }

    [Fact]
    public void A_changed_token_is_refused()
    {
        var token = Paging.Seal("ami-0123", CallOf());
        for (var i = 0; i < token.Length; i++)
        {
            var changed = token.ToCharArray();
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            // The last character may carry bits that no byte has: the same bytes are the same token.
            if (i < token.Length - 1)
                Assert.Equal("InvalidNextToken", Refusal(new string(changed), CallOf()));
        }
    }

    [Fact]
    public void Hostile_tokens_are_refused_and_nothing_else() =>
        Gen.Frequency((3, Gen.String), (2, Gen.String[Gen.Char.AlphaNumeric, 0, 3000]), (1, Gen.Const("")))
            .Sample(text => Assert.Equal("InvalidNextToken", Refusal(text, CallOf())), iter: 5000);

    private string Refusal(string token, Call call) => Assert.Throws<AwsException>(() => Paging.Open(token, call)).Code;

    private static Call CallOf(
        string operation = "DescribeImages", string account = TestServer.A, string region = "us-east-1") => new()
    {
        Caller = Caller.Root(account), Region = region, Service = "ec2", Operation = operation, RequestId = "r",
    };
}
