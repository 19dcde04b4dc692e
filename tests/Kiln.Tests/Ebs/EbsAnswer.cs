using System.Text;
using System.Text.Json.Nodes;

namespace Kiln.Tests.Ebs;

/// <summary>An answer of the EBS direct APIs.</summary>
public sealed record EbsAnswer(int Status, byte[] Body, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => $"{Status} {Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 1000)))}";

    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();

    /// <summary>Asserts a refusal: its code, status and Reason.</summary>
    public void Refused(int status, string code, string? reason)
    {
        Assert.True(Status == status, Text);
        Assert.Equal(code, Headers["x-amzn-errortype"]);
        Assert.NotEqual("", (string?)Json["Message"] ?? "");
        Assert.Equal(reason, (string?)Json["Reason"]);
    }

    public void Invalid(string reason) => Refused(400, "ValidationException", reason);
}
